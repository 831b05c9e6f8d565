package s3_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/s3/s3test"
)

// TestListTellsLess states what callers of List must not expect.
func TestListTellsLess(t *testing.T) {
	t.Parallel()
	_, s := versionedSandbox(t)
	conn := s.open(t)
	put := mustUpload(t, conn, "a.jpg", content(1, 100))
	page, err := conn.List(t.Context(), "", "")
	if err != nil || len(page.Objects) != 1 {
		t.Fatalf("list: %+v, %v", page, err)
	}
	got := page.Objects[0]
	if got.Path != put.Path || got.Size != put.Size || got.Revision != put.Revision {
		t.Errorf("the listing shows %+v, want %+v", got, put)
	}
	if got.ModTime.IsZero() || got.ModTime.Equal(shot()) || len(got.Hashes) != 0 || got.Version != "" {
		t.Errorf("the listing shows %+v; it was thought to tell the store's own time, no hash and no version", got)
	}
}

// TestKeysOfOthers: what other programs stored under keys that are no paths is
// named and left alone.
func TestKeysOfOthers(t *testing.T) {
	t.Parallel()
	for _, root := range []string{"", "weddings/2026/"} {
		t.Run("root "+root, func(t *testing.T) {
			t.Parallel()
			_, s := sandbox(t, s3test.Options{PageSize: 3})
			s.settings = map[string]string{"prefix": root}
			strange := []string{
				"a//b.jpg", "/lead.jpg", "../up.jpg", "x/../y.jpg", "a/./b.jpg", "folder/", "nul\x00.jpg",
				"bad\xff.jpg", "trailing//", ".", strings.Repeat("k", 1024-len(root)-1) + "/",
			}
			fine := []string{"ok.jpg", "a b+c%20.jpg", "ctl\x01.jpg", "é.jpg", "a\\b.jpg"}
			for _, key := range slices.Concat(strange, fine) {
				putRaw(t, s, root+key, []byte("x"))
			}
			putRaw(t, s, root+".wedsync/trash/a.jpg", []byte("x"))
			putRaw(t, s, "weddings/2026x/neighbour.jpg", []byte("x"))
			if root != "" {
				putRaw(t, s, root, nil)
			} else {
				fine = append(fine, "weddings/2026x/neighbour.jpg")
			}

			var got, skipped []string
			conn := s.open(t)
			for cursor, more := "", true; more; more = cursor != "" {
				page, err := conn.List(t.Context(), "", cursor)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, keysOf(page)...)
				for _, skip := range page.Skipped {
					if skip.Reason == "" {
						t.Errorf("%q is skipped without a reason", skip.Path)
					}
					skipped = append(skipped, skip.Path)
				}
				cursor = page.Next
			}
			slices.Sort(got)
			slices.Sort(fine)
			if !slices.Equal(got, fine) {
				t.Errorf("listed %q, want %q", got, fine)
			}
			if len(skipped) != len(strange) {
				t.Errorf("skipped %q, want %d entries", skipped, len(strange))
			}
		})
	}
}

// TestForeignMetadata: other programs' objects are described as far as it goes.
func TestForeignMetadata(t *testing.T) {
	t.Parallel()
	_, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	for _, mtime := range []string{"", "1718461812.3456789", "yesterday", "-1.5", "99999999999999999999", "1e9", "1.", ".5"} {
		key := "a.jpg"
		_, err := sdk(s).PutObject(t.Context(), &awss3.PutObjectInput{
			Bucket: &s.bucket, Key: &key, Body: bytes.NewReader([]byte("x")),
			Metadata: map[string]string{"mtime": mtime, "sha256": strings.Repeat("0", 64)},
		})
		if err != nil {
			t.Fatal(err)
		}
		o, err := conn.Stat(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if o.ModTime.IsZero() {
			t.Errorf("mtime %q: no ModTime", mtime)
		}
		if mtime == "1718461812.3456789" && !o.ModTime.Equal(shot()) {
			t.Errorf("mtime %q is read as %v", mtime, o.ModTime)
		}
		if o.Hashes[connectors.SHA256] != "" {
			t.Error("somebody's metadata passes for the store's own hash")
		}
	}
}

// TestMetadataForOthers: rclone finds the time, browsers the type.
func TestMetadataForOthers(t *testing.T) {
	t.Parallel()
	_, s := sandbox(t, s3test.Options{})
	mustUpload(t, s.open(t), "a.JPG", content(1, 10))
	key := "a.JPG"
	out, err := sdk(s).HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: &s.bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	if out.Metadata["mtime"] != "1718461812.3456789" || *out.ContentType != "image/jpeg" {
		t.Errorf("metadata %v, type %s", out.Metadata, *out.ContentType)
	}
}
