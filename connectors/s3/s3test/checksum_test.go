package s3test

import (
	"hash/crc32"
	"testing"

	"pgregory.net/rapid"
)

func TestJoinCRC32C(t *testing.T) {
	t.Parallel()
	table := crc32.MakeTable(crc32.Castagnoli)
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.SliceOf(rapid.Byte()).Draw(t, "first")
		second := rapid.SliceOf(rapid.Byte()).Draw(t, "second")
		want := crc32.Checksum(append(first[:len(first):len(first)], second...), table)
		got := joinCRC32C(crc32.Checksum(first, table), crc32.Checksum(second, table), int64(len(second)))
		if got != want {
			t.Fatalf("got %08x, want %08x", got, want)
		}
	})
}
