// Package s3 connects Amazon S3 and every store that speaks its protocol.
//
// What the hub can rely on:
//
//   - Content is proved on the way in. Digests known beforehand are sent along for
//     the store to check, else a CRC-32C follows the body where the store knows
//     that; and the MD5 of what was sent is compared with the ETag where that is
//     one. An object that turns out wrong does not stay visible.
//   - Writes are conditional. What a store makes of conditions and of checksums
//     behind the body is found out once per connection, before the first write
//     (see probe.go). One that ignores conditions is guarded by a look before each
//     write, which leaves a small window that the protocol cannot close.
//   - Large files travel in parts and go on where they stopped. Of the parts that
//     the store holds, those count that the checkpoint vouches for.
//   - Object.Revision is the ETag: the same content may have the same revision,
//     different content never does.
//   - A listing tells no modification time of the author, only the store's own;
//     Stat, Open and Commit report the author's where it was stored, in the
//     metadata key mtime that rclone uses too.
//   - A listing tells no hashes: an ETag is an MD5 only for some objects, and the
//     listing does not say for which. Stat, Open and Commit do.
package s3
