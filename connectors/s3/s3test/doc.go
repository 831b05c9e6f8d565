// Package s3test is a sandbox S3 store: an HTTP handler that holds buckets in
// memory or in a folder and enforces what S3 documents, among it request
// signatures, checksums, conditional requests, part sizes and orders, versions
// and delete markers. It can be told to fail in the ways real stores do.
//
// It is for tests and for the sandbox command, not for keeping anything: what it
// holds is gone when the process ends.
package s3test
