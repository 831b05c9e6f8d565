// Package bus passes short messages between the hub's processes over Redis. It
// only ever hastens: a message may be lost at any time, so whoever listens keeps
// to the database for the truth. When messages may have been lost, listeners are
// told so by a gap.
package bus
