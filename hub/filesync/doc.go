// Package filesync keeps the files of a sync in step: the definition of syncs, the
// plan (what the world holds against what was last agreed), the life of a run,
// conflicts and the report. Bytes are moved by package transfer, which it meets
// only in the rows of a run's transfers and in the jobs between them.
package filesync
