package event

import (
	"context"
	"time"

	"github.com/wedsync/wedsync/ent/rule"
)

const (
	// guardEvery is how often it is asked whether a viewer is still allowed.
	guardEvery = 2 * time.Second
	// guardAgain is how soon it is asked again after a no, which may have been no
	// more than the database's absence.
	guardAgain = 500 * time.Millisecond
	guardTime  = time.Second
)

// guard watches whether a viewer is still allowed, for all its streams.
type guard struct {
	viewer rule.Viewer
	// revoked is closed when the viewer is no longer allowed; err says why.
	revoked chan struct{}
	err     error
	kicked  chan struct{}
}

func newGuard(v rule.Viewer) *guard {
	return &guard{viewer: v, revoked: make(chan struct{}), kicked: make(chan struct{}, 1)}
}

// watch asks until ctx ends or the answer is no twice in a row.
func (s *Service) watch(ctx context.Context, g *guard) {
	every := time.NewTimer(guardEvery)
	defer every.Stop()
	refused := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		case <-g.kicked:
		}
		err := s.ask(ctx, g.viewer)
		if ctx.Err() != nil {
			return
		}
		if err != nil && refused {
			g.err = err
			close(g.revoked)
			return
		}
		refused = err != nil
		if refused {
			every.Reset(guardAgain)
		} else {
			every.Reset(guardEvery)
		}
	}
}

func (s *Service) ask(ctx context.Context, v rule.Viewer) error {
	ctx, cancel := context.WithTimeout(ctx, guardTime)
	defer cancel()
	return s.allowed(ctx, v)
}

func kick(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
