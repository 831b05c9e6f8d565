// Package memory is the reference vendor: a store in this process's memory that
// plays every role to the letter. Tests of the hub use it as their outside
// world, and what is unclear in a role's contract is decided here. It is in no
// catalog.
package memory
