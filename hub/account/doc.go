// Package account knows who may come in: organizations, their members, the tokens
// of programs and the sessions of browsers.
//
// Secrets are 256 random bits and stored as SHA-256 only. A credential is worth
// what its owner's membership is worth at the moment of asking: whoever leaves an
// organization loses every token and session there at once.
package account
