// Package reconcile decides what has to be done to bring the targets of a sync in
// step with its source. It is a pure function of what the stores hold and what
// they last agreed on: it reads and writes nothing.
//
// The source is the author. What it changed goes to the targets, what vanished
// from it is removed there if the sync asks for deletions, and what a target lost
// is brought again. But no content is ever lost: what the hub did not put at a
// target itself is replaced or removed only by an operation that retains it, and
// what a conflict's strategy prefers at a target is pulled to the source, from
// where it flows to the others in the next run.
//
// Rules that are not obvious:
//
//   - Files that only a target has are its own affair and left alone.
//   - A deletion at a target is never carried back: the file is brought again.
//   - To keep both, the target's content is given a name of its own at the target
//     and at the source, so that after the next run every store holds both. If the
//     source cannot be written to, it stays at that target alone.
//   - Where several targets won, the first of them in their order (for NEWEST and
//     LARGEST the newest or largest) is pulled and all others wait for the next
//     run; the other winners have lost then, which Plan.Lost has to remember.
//   - A file is renamed at its targets only if none of them edited it; otherwise
//     it is copied anew and the old one treated as vanished.
//   - Two names that a target takes for one (case, Unicode form) are one file
//     there; of two such source files the second is refused at that target.
package reconcile
