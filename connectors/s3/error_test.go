package s3_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/s3"
	"github.com/wedsync/wedsync/connectors/s3/s3test"
)

// TestErrorCodes pins what every documented failure means to the hub.
func TestErrorCodes(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	for _, c := range []struct {
		status int
		code   string
		want   connectors.Kind
	}{
		{404, "NoSuchKey", connectors.NotFound},
		{404, "NoSuchBucket", connectors.NotFound},
		{404, "NoSuchVersion", connectors.NotFound},
		{404, "SomethingNew", connectors.NotFound},
		{404, "NoSuchUpload", connectors.SessionExpired},
		{412, "PreconditionFailed", connectors.Conflict},
		{503, "SlowDown", connectors.RateLimited},
		{400, "RequestLimitExceeded", connectors.RateLimited},
		{429, "TooManyRequests", connectors.RateLimited},
		{400, "ExpiredToken", connectors.AuthExpired},
		{403, "InvalidAccessKeyId", connectors.AuthRevoked},
		{403, "SignatureDoesNotMatch", connectors.AuthRevoked},
		{400, "InvalidToken", connectors.AuthRevoked},
		{403, "AccessDenied", connectors.ScopeMissing},
		{403, "SomethingNew", connectors.ScopeMissing},
		{403, "RequestTimeTooSkewed", connectors.Permanent},
		{403, "InvalidObjectState", connectors.Unsupported},
		{400, "EntityTooLarge", connectors.TooLarge},
		{413, "SomethingNew", connectors.TooLarge},
		{403, "QuotaExceeded", connectors.QuotaFull},
		{507, "InsufficientStorage", connectors.QuotaFull},
		{507, "XMinioStorageFull", connectors.QuotaFull},
		{400, "KeyTooLongError", connectors.NameRejected},
		{409, "ObjectParentIsFile", connectors.Exists},
		{400, "BadDigest", connectors.Corrupt},
		{400, "XAmzContentChecksumMismatch", connectors.Corrupt},
		{501, "NotImplemented", connectors.Unsupported},
		{405, "MethodNotAllowed", connectors.Unsupported},
		{409, "ConditionalRequestConflict", connectors.Transient},
		{409, "OperationAborted", connectors.Transient},
		{400, "RequestTimeout", connectors.Transient},
		{500, "InternalError", connectors.Transient},
		{502, "", connectors.Transient},
		{503, "ServiceUnavailable", connectors.Transient},
		{400, "AuthorizationHeaderMalformed", connectors.Invalid},
		{301, "PermanentRedirect", connectors.Invalid},
		{400, "SomethingNew", connectors.Permanent},
	} {
		server.Inject(s3test.Fault{Op: "ListObjectsV2", Status: c.status, Code: c.code, Message: "words"})
		_, err := conn.List(t.Context(), "", "")
		e := wantKind(t, c.code, err, c.want)
		if e.Op != "list" || e.Err == nil {
			t.Errorf("%s: %#v", c.code, e)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	for _, f := range []s3test.Fault{
		s3test.SlowDown(1, 7*time.Second),
		{Status: 503, Code: "ServiceUnavailable", RetryAfter: 7 * time.Second},
	} {
		server.Inject(f)
		_, err := conn.List(t.Context(), "", "")
		if e := wantKind(t, f.Code, err, connectors.RateLimited); e.After != 7*time.Second {
			t.Errorf("%s: After is %v", f.Code, e.After)
		}
	}
	// One request was made for each: retrying is the decorators' business.
	if n := server.Stats("ListObjectsV2").Requests; n != 3 {
		t.Errorf("%d requests were made, want 3", n)
	}
}

// TestNoSecretsInErrors: a store may echo anything.
func TestNoSecretsInErrors(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	server.Inject(s3test.Fault{
		Status: 400, Code: "Odd" + secretKey, Message: "you sent " + accessKey + " and " + secretKey + strings.Repeat(" again", 1000),
	})
	_, err := conn.List(t.Context(), "", "")
	wantKind(t, "an odd answer", err, connectors.Permanent)
	if text := err.Error(); strings.Contains(text, secretKey) || strings.Contains(text, accessKey) || len(text) > 1000 {
		t.Errorf("the error says %q", text)
	}
}

// TestCredentials: what is wrong with them is told apart, even by requests whose
// answers have no body.
func TestCredentials(t *testing.T) {
	t.Parallel()
	_, s := sandbox(t, s3test.Options{Region: "eu-west-1"})
	for name, c := range map[string]struct {
		change func(*connectors.Config)
		want   connectors.Kind
		field  string
		says   string
	}{
		"Unknown":     {func(c *connectors.Config) { c.Secrets["access_key_id"] = "AKIDNOBODY" }, connectors.AuthRevoked, "", "InvalidAccessKeyId"},
		"Wrong":       {func(c *connectors.Config) { c.Secrets["secret_access_key"] = "guess" }, connectors.AuthRevoked, "", "SignatureDoesNotMatch"},
		"OldToken":    {func(c *connectors.Config) { c.Secrets["session_token"] = "old" }, connectors.AuthRevoked, "", "InvalidToken"},
		"WrongRegion": {func(c *connectors.Config) { c.Settings["region"] = "us-east-1" }, connectors.Invalid, "region", "eu-west-1"},
		"NoBucket":    {func(c *connectors.Config) { c.Settings["bucket"] = "elsewhere" }, connectors.NotFound, "", "the bucket does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := s.config()
			cfg.Settings["region"] = "eu-west-1"
			c.change(&cfg)
			_, err := s3.Vendor{}.Open(t.Context(), cfg)
			e := wantKind(t, "open", err, c.want)
			if e.Field != c.field || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v (field %q), want %q in field %q", err, e.Field, c.says, c.field)
			}
		})
	}
}

// TestRevokedLater: the credential is withdrawn while the connection is open.
func TestRevokedLater(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	server.Inject(s3test.Fault{Times: 2, Status: 403, Code: "InvalidAccessKeyId", Message: "gone"})
	_, err := conn.Stat(t.Context(), "a.jpg")
	if e := wantKind(t, "stat", err, connectors.AuthRevoked); e.Op != "stat" || e.Path != "a.jpg" {
		t.Errorf("the error is about %s %q", e.Op, e.Path)
	}
	server.Inject(s3test.Fault{Op: "HeadObject", Status: 403, Code: "AccessDenied", Message: "no"})
	_, err = conn.Stat(t.Context(), "a.jpg")
	wantKind(t, "stat without permission", err, connectors.ScopeMissing)
}

func TestClockSkew(t *testing.T) {
	t.Parallel()
	_, s := sandbox(t, s3test.Options{Now: func() time.Time { return time.Now().Add(time.Hour) }})
	_, err := s3.Vendor{}.Open(t.Context(), s.config())
	wantKind(t, "open", err, connectors.Permanent)
	if !strings.Contains(err.Error(), "clock") {
		t.Errorf("the error does not speak of the clock: %v", err)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	server, s := sandbox(t, s3test.Options{})
	conn := s.open(t)
	mustUpload(t, conn, "a.jpg", content(1, 1000))
	server.SetCapacity(1500)
	_, err := upload(t, conn, connectors.Upload{Path: "b.jpg"}, content(2, 1000))
	wantKind(t, "upload to a full store", err, connectors.QuotaFull)
	wantAbsent(t, conn, "b.jpg")
	if err := conn.Delete(t.Context(), "a.jpg", connectors.Expect{}); err != nil {
		t.Fatal(err)
	}
	mustUpload(t, conn, "b.jpg", content(2, 1000))
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRedirectsAreNotFollowed: a request must not end up where nobody sent it.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	_, s := sandbox(t, s3test.Options{})
	requests := 0
	s.client = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		requests++
		return &http.Response{
			StatusCode: http.StatusMovedPermanently, Request: r, Body: http.NoBody, ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Location": {"http://elsewhere.example/"}, "X-Amz-Bucket-Region": {"eu-west-1"}},
		}, nil
	})}
	_, err := s.vendor.Open(t.Context(), s.config())
	if e := wantKind(t, "open", err, connectors.Invalid); e.Field != "region" || requests != 1 {
		t.Errorf("%v after %d requests", err, requests)
	}
}

// TestRefusedAddress: what the operator's dialer decides keeps its meaning.
func TestRefusedAddress(t *testing.T) {
	t.Parallel()
	_, s := sandbox(t, s3test.Options{})
	s.client = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, &connectors.Error{Kind: connectors.Invalid, Op: "dial", Field: "endpoint"}
	})}
	_, err := s.vendor.Open(t.Context(), s.config())
	if e := wantKind(t, "open", err, connectors.Invalid); e.Field != "endpoint" {
		t.Errorf("the field is %q", e.Field)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	_, s := sandbox(t, s3test.Options{})
	s.endpoint = "http://127.0.0.1:1"
	_, err := s.vendor.Open(t.Context(), s.config())
	wantKind(t, "open", err, connectors.Transient)
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for field, values := range map[string][]string{
		"bucket":            {"", "ab", "a/b", "..", "bucket?x", "../etc", strings.Repeat("b", 256), "-bucket"},
		"region":            {"a b", "eu/west", "-"},
		"endpoint":          {"ftp://x", "x", "https://", "https://user:pw@host", "https://host?q=1", "https://host#f", "://", "http://[::1"},
		"prefix":            {"a//b", "a/../b", ".", "a\x00", "\xff", strings.Repeat("p", 600)},
		"path_style":        {"maybe"},
		"part_size_mib":     {"4", "0", "-5", "x", "5121", "99999999999999999999"},
		"access_key_id":     {"", "a b", "a\n"},
		"secret_access_key": {"", "a b", "a\x00"},
		"session_token":     {"a b"},
	} {
		for _, value := range values {
			cfg := store{endpoint: "http://127.0.0.1:1", bucket: bucket}.config()
			if _, secret := map[string]bool{"access_key_id": true, "secret_access_key": true, "session_token": true}[field]; secret {
				cfg.Secrets[field] = value
			} else {
				cfg.Settings[field] = value
			}
			_, err := s3.Vendor{}.Open(t.Context(), cfg)
			if e := wantKind(t, field+"="+value, err, connectors.Invalid); e.Field != field {
				t.Errorf("%s=%q: the error is about %q", field, value, e.Field)
			}
		}
	}
	cfg := store{endpoint: "http://127.0.0.1:1", bucket: bucket}.config()
	cfg.HTTP = nil
	if _, err := (s3.Vendor{}).Open(t.Context(), cfg); err == nil {
		t.Error("a connection opens without an HTTP client")
	}
}
