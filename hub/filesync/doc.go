// Package filesync keeps the files of a sync in step: it defines syncs, plans by
// comparing three states of every file (what the source has, what a target has,
// what both had when they last agreed), settles or shows conflicts, and starts,
// halts and closes the runs that carry a plan out. Package reconcile decides what
// is to be done; nothing here moves a byte. Package transfer does, which it meets
// only in the rows of a run's transfers and in the jobs between them.
//
// # What an operation asks for
//
// A plan's operations are Transfer rows. Whoever carries them out goes by this:
//
//   - from_path, if set, is where the target has the file now: the old name for a
//     RENAME; for every other kind another spelling that the target takes for the
//     same name. Empty: the target has it, if at all, at path.
//   - expect is what the plan saw. An empty revision means that nothing was there.
//     An operation whose source or target differs from it is left to the next run.
//   - retain asks to keep what the target (for PULL: the source) holds before it
//     is replaced, below .wedsync/retained, or removed, below .wedsync/trash.
//   - COPY demands that the target has nothing there. UPDATE replaces the expected
//     revision.
//   - RENAME moves from_path to path, both inside the target; content stays.
//   - DELETE moves to .wedsync/trash or removes, as the sync's delete mode says;
//     with retain it always moves.
//   - ADOPT changes only the books: target and source hold the same. With both
//     revisions empty, both lost the file: its replica is forgotten and, if it was
//     the last, the file is marked as deleted.
//   - COMPARE reads what has to be read to prove that both are equal and then
//     adopts. If they differ it is a conflict of the kind that the operation names:
//     Decider says how the sync's strategy settles it, and what loses is retained.
//   - PULL makes the target's content the source's, where expect.SourceRevision is
//     what it replaces. The sync's other targets follow in the next run.
//   - KEEP_BOTH brings the target's content to the source under retained_path (if
//     the source can be written to), moves it to retained_path inside the target,
//     and then copies the source's content to path. retained_path is set by the
//     plan, free on both sides, and set for every COMPARE of a KEEP_BOTH sync too.
//   - CONFLICT and REFUSE are never carried out: their rows are born in state
//     CONFLICT and REFUSED, and count as failed operations from the start.
//
// A run that starts leaves a Conflict row in state OPEN for every CONFLICT
// operation and in state RESOLVING, with the resolution, for every operation that
// settles one. Whoever carries the operation out marks that row, found by sync,
// target and path, as RESOLVED. Only COMPARE discovers conflicts later, and writes
// their rows itself.
package filesync
