// Package fault makes calls go wrong on purpose, at places and in ways that a
// test chooses, and the same way every time.
package fault

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/decorate"
)

// Fault is one thing that goes wrong.
type Fault struct {
	// Op and Path choose the calls; an empty one fits all.
	Op   decorate.Op
	Path string
	// Nth is which of the calls that fit is hit, from 1; 0 hits all of them.
	Nth int

	// Kind is what the call fails with, and After what it asks to wait. Without a
	// Kind the call is made.
	Kind  connectors.Kind
	After time.Duration
	// Late makes the call, and loses its answer.
	Late bool
	// Cut breaks the content that is read, or the body that is written, with Kind
	// after so many bytes, instead of failing the call.
	Cut *int64
	// Flip changes one bit of the byte at this offset of what is read or written.
	Flip *int64
	// Reached, if not nil, is closed when the first call that is hit begins; then
	// the call waits until Proceed, if not nil, is closed or ctx ends.
	Reached chan<- struct{}
	Proceed <-chan struct{}
}

// At is an offset for Cut and Flip.
func At(n int64) *int64 { return &n }

// Script is a set of faults that counts calls over all the connections and
// restarts it decorates.
type Script struct {
	mu     sync.Mutex
	faults []*counted
}

type counted struct {
	Fault
	fitting int  // calls that fitted so far
	reached bool // Reached is closed
}

// New returns a script of faults. Of several that hit a call, all delays apply and
// the first failure.
func New(faults ...Fault) *Script {
	s := &Script{}
	for _, f := range faults {
		s.faults = append(s.faults, &counted{Fault: f})
	}
	return s
}

// Decorator returns what applies the script to a connection.
func (s *Script) Decorator() decorate.Decorator {
	return decorate.Decorator{Around: s.around, Content: s.content, Body: s.body}
}

// hits counts the call and returns the faults that hit it.
func (s *Script) hits(call decorate.Call) []*counted {
	s.mu.Lock()
	defer s.mu.Unlock()
	var hit []*counted
	for _, f := range s.faults {
		if f.Op != "" && f.Op != call.Op || f.Path != "" && f.Path != call.Path {
			continue
		}
		f.fitting++
		if f.Nth == 0 || f.Nth == f.fitting {
			hit = append(hit, f)
		}
	}
	return hit
}

// contextKey carries the faults of a call from around to content and body.
type contextKey struct{}

func (s *Script) around(ctx context.Context, call decorate.Call, next func(context.Context) error) error {
	hit := s.hits(call)
	ctx = context.WithValue(ctx, contextKey{}, hit)
	for _, f := range hit {
		if err := s.hold(ctx, f); err != nil {
			return err
		}
		if f.Kind == "" || f.Cut != nil {
			continue
		}
		if f.Late {
			if err := next(ctx); err != nil {
				return err
			}
		}
		return f.failure(call)
	}
	return next(ctx)
}

func (f Fault) failure(call decorate.Call) error {
	return &connectors.Error{Kind: f.Kind, Op: string(call.Op), Path: call.Path, After: f.After, Err: errInjected}
}

func (s *Script) hold(ctx context.Context, f *counted) error {
	s.mu.Lock()
	if f.Reached != nil && !f.reached {
		f.reached = true
		close(f.Reached)
	}
	s.mu.Unlock()
	if f.Proceed == nil {
		return nil
	}
	select {
	case <-f.Proceed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errInjected = errors.New("a fault injected by the test")
