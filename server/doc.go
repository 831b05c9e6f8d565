// Package server puts the hub together and runs it.
//
//	core.go    what every process has: database, queue, bus and the capabilities
//	edge.go    the HTTP edge over it
//	work.go    which capability does which kind of job
//	server.go  how a process starts, runs and ends
package server
