// Package workers is the queue's edge: it carries the ids of jobs to whoever is
// free, runs their handlers under leases and settles how they ended. It is the only
// importer of asynq.
//
// The table of jobs (hub/job) is the truth. Redis only hastens: after a commit the
// Enqueuer puts ids into asynq's queues and wakes the workers; a worker claims the
// job by its id, or finds that it is not to be had. Every worker also looks now and
// then for jobs that are due and in nobody's hands, puts their ids into the queues
// again and, if the queues do not deliver, does them without.
package workers
