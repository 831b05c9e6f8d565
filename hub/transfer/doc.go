// Package transfer moves a file's bytes from its source to its targets, proves
// that they arrived and keeps the books.
//
// A file is read once for all the targets that need it. Each target has a bounded
// window: one that fails drops out alone, and one that holds the others up for
// seconds drops out too and is served by a second read of its own, from where it
// stopped. Nothing is published before the source's reader has confirmed its end,
// so that a file that is edited meanwhile never arrives half old and half new.
//
// Any step may be the last before a crash, and the same operation may run again.
// What can be there of an earlier attempt is recognized by its content and
// adopted; anything else that is not what the plan saw is left alone. Content that
// yields is kept, under the hub's folder of the same store, before it is replaced.
package transfer
