// Package hub holds what all capabilities of the hub share: the unit of work in
// which a state change, the events and audit entries that tell of it and the jobs
// that follow from it commit together (Store, Tx), and the errors that callers
// can act on (Error).
//
// A capability is a package below this one. Capabilities never import each other:
// each declares the small interface it needs and the server wires them.
package hub
