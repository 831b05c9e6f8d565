// Package event shows what happens, live. The organization's log of durable events
// is read in pages or followed from any place on, without gap or duplicate; the
// progress of a run is followed as a few pictures a second.
//
// Rows are the truth: messages on the bus only say that there is something to read,
// and a slow poll finds what they failed to tell.
package event
