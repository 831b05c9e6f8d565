package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wedsync/wedsync/connectors"
)

func FuzzCheckpoint(f *testing.F) {
	f.Add([]byte(`{"uploadId":"u","key":"k","size":10485760,"partSize":5242880,"session":"s","parts":1,"digest":"","states":{},"checksummed":false}`))
	f.Add([]byte(`{"uploadId":"u","key":"k","size":-1,"partSize":0,"session":"s","parts":9}`))
	f.Add([]byte(`{"size":9223372036854775807,"partSize":5242880}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := decodeCheckpoint(raw)
		if err != nil {
			return
		}
		if p.PartSize < minPartSize || p.Size < 1 || int64(p.Parts) > p.count() || p.count() > maxParts {
			t.Errorf("%s is accepted", raw)
		}
		again, err := decodeCheckpoint(p.encode())
		if err != nil || again.UploadID != p.UploadID || again.Key != p.Key {
			t.Errorf("%s changes to %+v, %v", raw, again, err)
		}
		// A digest's state that nobody saved is refused or harmless.
		if w, err := newWhole(connectors.Hashes{connectors.SHA256: ""}); err != nil {
			t.Error(err)
		} else if w.restore(p.States) {
			w.digest(connectors.SHA256)
		}
	})
}

// FuzzListing: a hostile store cannot make the connector list a path that is none.
func FuzzListing(f *testing.F) {
	f.Add("<Contents><Key>a.jpg</Key><Size>1</Size></Contents>")
	f.Add("<Contents><Key>root/a.jpg</Key><Size>-1</Size></Contents>")
	f.Add("<EncodingType>url</EncodingType><Contents><Key>root%2F..%2Fa</Key><Size>-1</Size></Contents>")
	f.Add("<IsTruncated>true</IsTruncated><NextContinuationToken></NextContinuationToken>")
	f.Fuzz(func(t *testing.T, inner string) {
		c := &conn{
			root: "root/", bucket: "album", names: connectors.NameRules{MaxPathBytes: maxKeyBytes}, redact: strings.NewReplacer(),
			api: newClient(settings{bucket: "album", region: defaultRegion, endpoint: "http://s3.test", pathStyle: true, accessKey: "a", secretKey: "s"},
				&http.Client{Transport: answers("<ListBucketResult>" + inner + "</ListBucketResult>")}),
		}
		page, err := c.List(context.Background(), "", "")
		var e *connectors.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("an error of no kind: %v", err)
		}
		for _, o := range page.Objects {
			if why := c.names.Check(o.Path); why != "" || connectors.InHubFolder(o.Path) || o.Size < 0 {
				t.Errorf("listed %+v: %s", o, why)
			}
		}
	})
}

// answers is a store that always says the same.
type answers string

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Request: r, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(a)))}, nil
}

func FuzzModTime(f *testing.F) {
	for _, s := range []string{"1718461812.3456789", "-0.5", "", ".", "1e9", "99999999999", "1.-5", "+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := parseModTime(s)
		if !ok {
			return
		}
		if again, ok := parseModTime(formatModTime(at)); !ok || !again.Equal(at) {
			t.Errorf("%q is read as %v and then as %v", s, at, again)
		}
	})
}

func TestModTimeSurvives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1<<39, 1<<39).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos"))
		if got, ok := parseModTime(formatModTime(at)); !ok || !got.Equal(at) {
			t.Fatalf("%v is written %q and read %v", at, formatModTime(at), got)
		}
	})
}

// TestFramedBody: the announced length is the real one, and the content is in it.
func TestFramedBody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		content := bytes.Repeat([]byte{7}, rapid.OneOf(
			rapid.IntRange(1, 100), rapid.IntRange(chunkSize-2, chunkSize+2), rapid.IntRange(3*chunkSize-1, 3*chunkSize+1),
		).Draw(t, "size"))
		b := newBody(bytes.NewReader(content), int64(len(content)))
		framed := newFramed(b)
		length := framed.length()
		encoded, err := io.ReadAll(framed)
		if err != nil || int64(len(encoded)) != length {
			t.Fatalf("%d bytes were announced and %d came, %v", length, len(encoded), err)
		}
		var decoded []byte
		rest := string(encoded)
		for {
			size, after, _ := strings.Cut(rest, "\r\n")
			n, err := strconv.ParseInt(size, 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				rest = after
				break
			}
			decoded, rest = append(decoded, after[:n]...), after[n+2:]
		}
		if !bytes.Equal(decoded, content) || rest != trailer(b.crc32c.Sum(nil))[len("0\r\n"):] {
			t.Fatalf("decoded %d bytes of %d, then %q", len(decoded), len(content), rest)
		}
	})
}

func TestStopEndsReading(t *testing.T) {
	t.Parallel()
	reader := strings.NewReader(strings.Repeat("x", 100))
	b := newBody(reader, 100)
	if _, err := io.CopyN(io.Discard, b, 10); err != nil {
		t.Fatal(err)
	}
	if err := b.stop(); err != nil {
		t.Error(err)
	}
	left := reader.Len()
	if n, err := b.Read(make([]byte, 10)); n != 0 || !errors.Is(err, errStopped) || reader.Len() != left {
		t.Error(fmt.Errorf("read %d after the end: %w", n, err))
	}
}
