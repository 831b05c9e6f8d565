// Package auth decides who is asking: a program by its bearer token, a browser by
// its session cookie, a websocket by either. It also serves the pages on which
// people sign in, with an OpenID Connect issuer or a one-time link.
//
// A cookie counts only for requests that no other site can have caused. Who the
// viewer is travels in the context, as package rule has it.
package auth
