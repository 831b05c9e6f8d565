// Package job keeps the table of work. A worker claims a job for the time of a
// short lease, renews it while it works and says how it ended; whoever finds a
// lease run out may claim the job anew. Each claim has its own epoch, by which the
// former holder's writes are told apart and refused.
package job
