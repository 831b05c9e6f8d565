// Package relay pages lists the way Relay expects it: edges with cursors, found by
// a range of a key rather than by counting rows, so that the thousandth page costs
// what the first does.
package relay
