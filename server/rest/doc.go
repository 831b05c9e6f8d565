// Package rest serves the routes below /api for programs that do not speak
// GraphQL. It reads as the viewer in the context: what is not the viewer's is not
// there.
package rest
