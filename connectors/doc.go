// Package connectors is the hub's border to the outside world: the roles a
// vendor can play, the descriptor that states as data what it allows, one
// vocabulary of errors, and the decorators that add retry, rate limits, tracing
// and fault injection around any vendor.
//
// A vendor lives in a folder of its own, implements the small role interfaces it
// can (Source, Sink, Deleter, …) and never retries, throttles, sleeps, logs or
// reads the clock: decorators do. Nothing here imports anything of ours outside
// connectors, and no vendor imports another.
package connectors
