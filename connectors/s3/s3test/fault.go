package s3test

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Fault makes matching requests go wrong. Several effects can be combined; with
// none, a Fault only counts down.
type Fault struct {
	// Op is the operation concerned ("PutObject"); every one if empty.
	Op string
	// Skip lets so many matching requests through first.
	Skip int
	// Times is how many requests it strikes; 1 if 0.
	Times int

	// Status, Code, Message and RetryAfter make up an answer in place of the real
	// one, if Status is not 0.
	Status        int
	Code, Message string
	RetryAfter    time.Duration
	// Delay passes before anything else happens.
	Delay time.Duration
	// CutRequestAfter breaks the connection after so many bytes of the request's
	// body, CutAnswerAfter after so many of the answer's, if not 0.
	CutRequestAfter, CutAnswerAfter int64
	// LoseAnswer does what was asked and breaks the connection in place of
	// answering.
	LoseAnswer bool
	// CorruptContent changes a byte of what is received before anybody checks it.
	CorruptContent bool
	// LieAboutETag answers with the ETag of other content.
	LieAboutETag bool
}

// SlowDown is the Fault of a store that is asked too much.
func SlowDown(times int, retryAfter time.Duration) Fault {
	return Fault{Times: times, Status: http.StatusServiceUnavailable, Code: "SlowDown", Message: "Please reduce your request rate.", RetryAfter: retryAfter}
}

type faults struct {
	mu     sync.Mutex
	active []*Fault
}

// Inject adds a fault. Of several that match a request the earliest strikes.
func (s *Server) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.active = append(s.faults.active, &f)
}

// take returns a copy of the fault that strikes the operation now, or nil.
func (f *faults) take(op string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.active {
		switch {
		case fault.Op != "" && fault.Op != op:
			continue
		case fault.Skip > 0:
			fault.Skip--
			continue
		}
		struck := *fault
		if fault.Times--; fault.Times == 0 {
			f.active = slices.Delete(f.active, i, i+1)
		}
		return &struck
	}
	return nil
}

// provoke applies the fault that strikes this request, if one does.
func (c *call) provoke() error {
	c.fault = c.s.faults.take(c.op)
	if c.fault == nil {
		return nil
	}
	if c.fault.Delay > 0 {
		timer := time.NewTimer(c.fault.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if c.fault.Status != 0 {
		e := answer(c.fault.Status, c.fault.Code, c.fault.Message)
		e.retryAfter = c.fault.RetryAfter
		return e
	}
	if c.fault.CutRequestAfter > 0 {
		c.r.Body = &cutBody{ReadCloser: c.r.Body, left: c.fault.CutRequestAfter}
	}
	if c.fault.CorruptContent {
		c.r.Body = &corruptBody{ReadCloser: c.r.Body}
	}
	if c.fault.CutAnswerAfter > 0 {
		c.w = &cutAnswer{ResponseWriter: c.w, left: c.fault.CutAnswerAfter}
	}
	if c.fault.LoseAnswer {
		c.w = &lostAnswer{header: http.Header{}}
	}
	return nil
}

// etag is what the answer says the ETag is.
func (c *call) etag(real string) string {
	if c.fault != nil && c.fault.LieAboutETag {
		return `"00112233445566778899aabbccddeeff"`
	}
	return real
}

type cutBody struct {
	io.ReadCloser
	left int64
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		panic(http.ErrAbortHandler)
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

type corruptBody struct {
	io.ReadCloser
	done bool
}

func (b *corruptBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 && !b.done {
		p[0] ^= 0x20
		b.done = true
	}
	return n, err
}

type cutAnswer struct {
	http.ResponseWriter
	left int64
}

func (a *cutAnswer) Write(p []byte) (int, error) {
	if int64(len(p)) < a.left {
		a.left -= int64(len(p))
		return a.ResponseWriter.Write(p)
	}
	// What can be sent is sent; the client sees the connection break.
	_, _ = a.ResponseWriter.Write(p[:a.left])
	_ = http.NewResponseController(a.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

type lostAnswer struct{ header http.Header }

func (a *lostAnswer) Header() http.Header         { return a.header }
func (a *lostAnswer) Write(p []byte) (int, error) { return len(p), nil }
func (a *lostAnswer) WriteHeader(int)             {}

// SetCapacity changes the server's Capacity. What is held already stays.
func (s *Server) SetCapacity(bytes int64) { atomic.StoreInt64(&s.blobs.capacity, bytes) }

// OpStats counts the requests of one operation and the content they carried.
type OpStats struct {
	Requests int64
	// In and Out are bytes of bodies.
	In, Out int64
}

type stats struct {
	mu sync.Mutex
	by map[string]*OpStats
}

// Stats returns the counts for an operation since the server was made.
func (s *Server) Stats(op string) OpStats {
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	if got := s.stats.by[op]; got != nil {
		return *got
	}
	return OpStats{}
}

func (s *stats) add(op string, n OpStats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[string]*OpStats{}
	}
	if s.by[op] == nil {
		s.by[op] = &OpStats{}
	}
	s.by[op].Requests += n.Requests
	s.by[op].In += n.In
	s.by[op].Out += n.Out
}

// observe counts the request and what its bodies carry.
func (c *call) observe() {
	op := c.op
	c.s.stats.add(op, OpStats{Requests: 1})
	c.r.Body = &countedBody{ReadCloser: c.r.Body, add: func(n int) { c.s.stats.add(op, OpStats{In: int64(n)}) }}
	c.w = &countedAnswer{ResponseWriter: c.w, add: func(n int) { c.s.stats.add(op, OpStats{Out: int64(n)}) }}
}

type countedBody struct {
	io.ReadCloser
	add func(int)
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.add(n)
	return n, err
}

type countedAnswer struct {
	http.ResponseWriter
	add func(int)
}

func (a *countedAnswer) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	a.add(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the real writer.
func (a *countedAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
