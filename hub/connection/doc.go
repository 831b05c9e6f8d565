// Package connection keeps the organization's connections: it tries an account or
// folder before it keeps it, seals its secrets, tests it with real files, and
// opens it for whoever moves files.
package connection
