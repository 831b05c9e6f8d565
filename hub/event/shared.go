package event

import (
	"context"
	"sync"
)

// shared keeps one V per key for as long as anybody uses it.
type shared[K comparable, V any] struct {
	ctx   context.Context // of the service
	start func(context.Context, K) V

	mu   sync.Mutex
	used map[K]*use[V]
}

type use[V any] struct {
	value V
	users int
	end   context.CancelFunc
}

// newShared returns an empty set. start makes a value; its context ends with the
// last user.
func newShared[K comparable, V any](ctx context.Context, start func(context.Context, K) V) *shared[K, V] {
	return &shared[K, V]{ctx: ctx, start: start, used: map[K]*use[V]{}}
}

// acquire returns the key's value. release, called once, says that it is no longer
// used.
func (s *shared[K, V]) acquire(k K) (value V, release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.used[k]
	if u == nil {
		ctx, end := context.WithCancel(s.ctx)
		u = &use[V]{value: s.start(ctx, k), end: end}
		s.used[k] = u
	}
	u.users++
	return u.value, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if u.users--; u.users == 0 {
			u.end()
			delete(s.used, k)
		}
	}
}

// peek returns the key's value if anybody uses it.
func (s *shared[K, V]) peek(k K) (value V, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.used[k]; u != nil {
		return u.value, true
	}
	return value, false
}

// each calls do for every value in use.
func (s *shared[K, V]) each(do func(K, V)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, u := range s.used {
		do(k, u.value)
	}
}
