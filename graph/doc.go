// Package graph is the GraphQL edge: resolvers that map an input, call one method
// of a capability and map the result. The schema stands in schema/, what gqlgen
// makes of it in graph/generated.
package graph

//go:generate go tool gqlgen generate
