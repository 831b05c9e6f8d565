// Package model holds the GraphQL types that are neither rows of the database nor
// generated from the schema alone.
package model
