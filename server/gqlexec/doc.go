// Package gqlexec prepares the GraphQL executor that the HTTP and the websocket
// transport share: it refuses operations that cost too much before they run, and
// it keeps the hub's own failures from leaking to clients.
package gqlexec
