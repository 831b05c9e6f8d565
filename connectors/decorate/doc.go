// Package decorate wraps a connection so that something happens around each of
// its calls, and the result has exactly the roles of what it wraps.
//
// A Decorator is written once for all roles; retry, ratelimit, trace and fault
// are such. How a set of roles becomes a type with just these methods is decided
// in one place, compose, which gen.go writes.
package decorate

//go:generate go run gen.go
