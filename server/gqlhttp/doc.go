// Package gqlhttp serves GraphQL as the GraphQL-over-HTTP specification has it:
// queries by GET, queries and mutations by POST, with application/json and
// application/graphql-response+json by content negotiation.
//
// It bounds what it reads, never repeats it, and says nothing about the inside of
// the hub. Who may call it is decided before: see package auth.
package gqlhttp
