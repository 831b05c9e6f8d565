// Package detail holds the small structures that entities store as JSON columns.
package detail

import "time"

// RunTotals count a plan's operations, per kind and in all. Bytes are those that
// have to travel.
type RunTotals struct {
	Files       int   `json:"files"`
	Bytes       int64 `json:"bytes"`
	Copies      int   `json:"copies"`
	Updates     int   `json:"updates"`
	Renames     int   `json:"renames"`
	Deletes     int   `json:"deletes"`
	Compares    int   `json:"compares"`
	Pulls       int   `json:"pulls"`
	Conflicts   int   `json:"conflicts"`
	Refusals    int   `json:"refusals"`
	Unchanged   int   `json:"unchanged"`
	EstimatedMs int64 `json:"estimatedMs"`
}

// RunReport is what a finished run says of itself.
type RunReport struct {
	Done            int      `json:"done"`
	Failed          int      `json:"failed"`
	Skipped         int      `json:"skipped"`
	Refused         int      `json:"refused"`
	OpenConflicts   int      `json:"openConflicts"`
	BytesMoved      int64    `json:"bytesMoved"`
	BytesVerified   int64    `json:"bytesVerified"`
	DurationMs      int64    `json:"durationMs"`
	Recommendations []string `json:"recommendations"`
}

// Expectation is the state of source and target that an operation was planned
// for. An empty revision means: nothing was there.
type Expectation struct {
	SourceRevision string    `json:"sourceRevision,omitempty"`
	SourceSize     int64     `json:"sourceSize,omitempty"`
	SourceModTime  time.Time `json:"sourceModTime,omitzero"`
	SourceSHA256   string    `json:"sourceSha256,omitempty"`
	TargetRevision string    `json:"targetRevision,omitempty"`
	TargetSize     int64     `json:"targetSize,omitempty"`
	TargetModTime  time.Time `json:"targetModTime,omitzero"`
}

// Side is one side of a conflict.
type Side struct {
	Revision string    `json:"revision,omitempty"`
	Size     int64     `json:"size,omitempty"`
	ModTime  time.Time `json:"modTime,omitzero"`
	SHA256   string    `json:"sha256,omitempty"`
}
