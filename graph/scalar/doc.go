// Package scalar reads and writes the GraphQL scalars that are the hub's own.
package scalar
