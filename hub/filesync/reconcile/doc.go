// Package reconcile decides what a sync has to do: a pure function from what the
// source has, what each target has and what both had when they last agreed, to
// operations and conflicts. It reads no store and no clock.
//
// The source is the author: what changes there goes to the targets. A target is
// never trusted to be untouched: content there that the hub did not put there is a
// conflict, settled by the sync's strategy, and whatever yields is retained.
package reconcile
