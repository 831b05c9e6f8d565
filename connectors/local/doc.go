// Package local is the vendor of folders on the machine the hub runs on.
//
// Everything happens below one os.Root: no name leads outside of it, and symbolic
// links are never followed, not even inside. Uploads grow in HubFolder/uploads
// and appear at their path by one rename.
//
// What a plain file system cannot promise: between the check of an expected
// revision and the rename or removal that relies on it lie a few microseconds in
// which another program may change the file. A place that has to be free
// (Expect.Absent, Move, Copy) is taken atomically and has no such gap.
package local
