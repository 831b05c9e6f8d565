// Package s3 connects Amazon S3 and every store that speaks its protocol.
//
// What the hub can rely on:
//
//   - Content is proved on the way in: the MD5 (and, on Amazon, the CRC-64/NVME)
//     of what was sent is computed in the same pass and compared with what the
//     store says it holds; digests known beforehand are sent along for the store
//     to check. An object that turns out wrong does not stay visible.
//   - Writes are conditional. A store that ignores conditions is found out once
//     per connection (see probe.go) and is then guarded by a look before each
//     write, which leaves a small window that the protocol cannot close.
//   - Object.Revision is the ETag: the same content may have the same revision,
//     different content never does.
//   - A listing tells no modification time of the author, only the store's own;
//     Stat, Open and Commit report the author's where it was stored, in the
//     metadata key mtime that rclone uses too.
//   - A listing tells no hashes: an ETag is an MD5 only for some objects, and the
//     listing does not say for which. Stat, Open and Commit do.
package s3
