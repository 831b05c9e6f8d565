package s3test

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	mib = int64(1) << 20
	gib = int64(1) << 30

	minPartSize   = 5 * mib
	maxPartSize   = 5 * gib
	maxParts      = 10_000
	maxKeyBytes   = 1024
	maxXMLBody    = 4 * mib
	maxMetadata   = 2 << 10
	maxClockSkew  = 15 * time.Minute
	defaultPage   = 1000
	defaultRegion = "us-east-1"
)

// Options decide what a server is like. Zero values mean the defaults of S3.
type Options struct {
	// AccessKey and SecretKey are the credential that requests must be signed with.
	AccessKey, SecretKey string
	// SessionToken, if set, must come with every request.
	SessionToken string
	// Region of the server; us-east-1 if empty.
	Region string
	// Domain makes requests to bucket.Domain address that bucket; requests to any
	// other host name the bucket in their path.
	Domain string
	// Buckets exist from the start.
	Buckets []string

	// Dir is where contents are kept; in memory if empty.
	Dir string
	// Discard keeps the sizes and digests of contents only. They read as zeros.
	Discard bool
	// Capacity bounds all contents together, in bytes; 64 GiB if 0.
	Capacity int64
	// MaxObjects bounds the number of versions and parts; a million if 0.
	MaxObjects int

	// PageSize bounds the pages of listings; 1000 if 0.
	PageSize int
	// MaxPut and MaxCopy bound single requests; 5 GiB if 0.
	MaxPut, MaxCopy int64
	// OpaqueETags makes ETags say nothing about contents, as with SSE-KMS.
	OpaqueETags bool
	// NoTrailers makes the server refuse checksums behind a body, as older stores
	// do.
	NoTrailers bool
	// IgnoreConditions makes writes disregard If-Match and If-None-Match, as older
	// stores of other vendors do.
	IgnoreConditions bool
	// RejectConditions answers such writes with NotImplemented.
	RejectConditions bool

	// Now is the server's clock; time.Now if nil.
	Now func() time.Time
}

// Server is a sandbox store. It is an http.Handler, safe for concurrent use.
type Server struct {
	opts  Options
	blobs *blobStore

	mu      sync.RWMutex
	buckets map[string]*bucket
	objects int

	faults faults
	stats  stats
}

// New returns a server with the given options.
func New(o Options) (*Server, error) {
	if o.AccessKey == "" || o.SecretKey == "" {
		return nil, errors.New("s3test: AccessKey and SecretKey are required")
	}
	o.Region = cmp.Or(o.Region, defaultRegion)
	o.Capacity = cmp.Or(o.Capacity, 64*gib)
	o.MaxObjects = cmp.Or(o.MaxObjects, 1_000_000)
	o.PageSize = cmp.Or(o.PageSize, defaultPage)
	o.MaxPut = cmp.Or(o.MaxPut, maxPartSize)
	o.MaxCopy = cmp.Or(o.MaxCopy, maxPartSize)
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{opts: o, buckets: map[string]*bucket{}}
	s.blobs = &blobStore{dir: o.Dir, discard: o.Discard, capacity: o.Capacity}
	for _, name := range o.Buckets {
		if !validBucket(name) {
			return nil, fmt.Errorf("s3test: %q is no bucket name", name)
		}
		s.buckets[name] = newBucket(o.Now())
	}
	return s, nil
}

// Listener serves a Server over HTTP.
type Listener struct {
	// URL is the endpoint to give to clients.
	URL  string
	http *http.Server
	done chan error
}

// Listen serves on a TCP address such as 127.0.0.1:0 until Close.
func (s *Server) Listen(addr string) (*Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("s3test: %w", err)
	}
	out := &Listener{
		URL:  "http://" + l.Addr().String(),
		http: &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10},
		done: make(chan error, 1),
	}
	go func() { out.done <- out.http.Serve(l) }()
	return out, nil
}

// Close cuts all connections and waits until nothing is served any more.
func (l *Listener) Close() error {
	err := l.http.Close()
	if served := <-l.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// T is what Start needs of a test; *testing.T has it.
type T interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Start serves a new Server on loopback until the test ends, and returns its
// endpoint.
func Start(t T, o Options) (*Server, string) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatalf("%v", err)
		return nil, ""
	}
	l, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatalf("%v", err)
		return nil, ""
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Fatalf("s3test: closing: %v", err)
		}
	})
	return s, l.URL
}

// call is one request being handled.
type call struct {
	s           *Server
	w           http.ResponseWriter
	r           *http.Request
	op          string
	bucket, key string
	query       url.Values
	fault       *Fault
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{s: s, w: w, r: r}
	w.Header().Set("X-Amz-Request-Id", rand.Text())
	w.Header().Set("Server", "s3test")
	err := c.parse()
	if err == nil {
		c.observe()
		err = c.handle()
	}
	if err != nil {
		c.fail(err)
	}
	if c.fault != nil && c.fault.LoseAnswer {
		panic(http.ErrAbortHandler)
	}
}

// parse finds out what the request is about.
func (c *call) parse() error {
	path := strings.TrimPrefix(c.r.URL.Path, "/")
	host, _, err := net.SplitHostPort(c.r.Host)
	if err != nil {
		host = c.r.Host
	}
	if name, ok := strings.CutSuffix(host, "."+c.s.opts.Domain); ok && c.s.opts.Domain != "" {
		c.bucket, c.key = name, path
	} else {
		c.bucket, c.key, _ = strings.Cut(path, "/")
	}
	if c.query, err = url.ParseQuery(c.r.URL.RawQuery); err != nil {
		return errInvalidURI
	}
	c.op = operation(c.r, c.bucket, c.key, c.query)
	return nil
}

// handle authenticates the request and does what it asks for.
func (c *call) handle() error {
	if err := c.provoke(); err != nil {
		return err
	}
	if err := c.authenticate(); err != nil {
		return err
	}
	do, ok := handlers()[c.op]
	switch {
	case !ok:
		return errNotImplemented
	case c.bucket != "" && !validBucket(c.bucket):
		return errInvalidBucketName
	case len(c.key) > maxKeyBytes:
		return errKeyTooLong
	}
	return do(c)
}

// operation names what a request asks for as the API reference does; "" if it is
// something that this server does not have.
func operation(r *http.Request, bucket, key string, q url.Values) string {
	sub := subresource(q)
	copying := r.Header.Get("X-Amz-Copy-Source") != ""
	level := "object"
	switch {
	case bucket == "":
		level = "service"
	case key == "":
		level = "bucket"
	}
	name := strings.TrimSpace(r.Method + " " + level + " " + sub)
	if copying {
		name += " copy"
	}
	return map[string]string{
		"GET service":          "ListBuckets",
		"PUT bucket":           "CreateBucket",
		"HEAD bucket":          "HeadBucket",
		"DELETE bucket":        "DeleteBucket",
		"GET bucket list-type": "ListObjectsV2",
		"GET bucket location":  "GetBucketLocation",
		"GET bucket versions":  "ListObjectVersions",

		"GET bucket versioning": "GetBucketVersioning",
		"PUT bucket versioning": "PutBucketVersioning",
		"POST bucket delete":    "DeleteObjects",

		"GET object":      "GetObject",
		"HEAD object":     "HeadObject",
		"PUT object":      "PutObject",
		"PUT object copy": "CopyObject",
		"DELETE object":   "DeleteObject",

		"POST object uploads":      "CreateMultipartUpload",
		"PUT object uploadId":      "UploadPart",
		"PUT object uploadId copy": "UploadPartCopy",
		"GET object uploadId":      "ListParts",
		"POST object uploadId":     "CompleteMultipartUpload",
		"DELETE object uploadId":   "AbortMultipartUpload",
	}[name]
}

// subresource is the query parameter that decides what a request is about. One
// that nothing here knows makes the request an unknown one.
func subresource(q url.Values) string {
	for name := range q {
		switch name {
		case "list-type", "location", "versions", "versioning", "delete", "uploads", "uploadId":
			return name
		case "acl", "attributes", "cors", "encryption", "legal-hold", "lifecycle", "object-lock", "partNumber",
			"policy", "policyStatus", "publicAccessBlock", "restore", "retention", "select", "tagging", "torrent":
			if !q.Has("uploadId") {
				return name
			}
		}
	}
	return ""
}

func handlers() map[string]func(*call) error {
	return map[string]func(*call) error{
		"ListBuckets":             (*call).listBuckets,
		"CreateBucket":            (*call).createBucket,
		"HeadBucket":              (*call).headBucket,
		"DeleteBucket":            (*call).deleteBucket,
		"GetBucketLocation":       (*call).getBucketLocation,
		"GetBucketVersioning":     (*call).getBucketVersioning,
		"PutBucketVersioning":     (*call).putBucketVersioning,
		"ListObjectsV2":           (*call).listObjects,
		"ListObjectVersions":      (*call).listVersions,
		"DeleteObjects":           (*call).deleteObjects,
		"GetObject":               (*call).getObject,
		"HeadObject":              (*call).getObject,
		"PutObject":               (*call).putObject,
		"CopyObject":              (*call).copyObject,
		"DeleteObject":            (*call).deleteObject,
		"CreateMultipartUpload":   (*call).createUpload,
		"UploadPart":              (*call).uploadPart,
		"UploadPartCopy":          (*call).uploadPartCopy,
		"ListParts":               (*call).listParts,
		"CompleteMultipartUpload": (*call).completeUpload,
		"AbortMultipartUpload":    (*call).abortUpload,
	}
}
