package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/wedsync/wedsync/hub/account"
	"github.com/wedsync/wedsync/internal/config"
	"github.com/wedsync/wedsync/server/observe"
)

const (
	// housekeeping is how often what expired long ago is removed.
	housekeeping = time.Hour
	// drainTime is how long requests and websockets may take to end at shutdown.
	drainTime = 10 * time.Second
	// readTime and writeTime bound a request and its answer; websockets have bounds
	// of their own.
	readTime   = 30 * time.Second
	writeTime  = 2 * time.Minute
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute
	maxHeader  = 64 << 10
)

// Server is one process of the hub.
type Server struct {
	core *core
}

// New opens what the process works with. Close it in the end.
func New(ctx context.Context, c config.Config, log *slog.Logger) (*Server, error) {
	k, err := newCore(ctx, c, log)
	if err != nil {
		return nil, err
	}
	if c.OTLPEndpoint != "" {
		flush, err := observe.Trace(ctx, k.name)
		if err != nil {
			return nil, errors.Join(err, k.close())
		}
		k.closers = append(k.closers, func() error {
			ctx, cancel := context.WithTimeout(context.Background(), drainTime)
			defer cancel()
			return flush(ctx)
		})
	}
	return &Server{core: k}, nil
}

// Close lets go of everything that New opened.
func (s *Server) Close() error { return s.core.close() }

// Accounts lets the operator make the first members, tokens and sign-in links.
func (s *Server) Accounts() *account.Service { return s.core.accounts }

// PublicURL is how the hub is reached.
func (s *Server) PublicURL() string { return s.core.config.PublicURL }

// Serve answers over HTTP and, unless told otherwise, does jobs, until ctx ends.
// started is called once requests are answered.
func (s *Server) Serve(ctx context.Context, withWorkers bool, started func()) error {
	e, err := newEdge(s.core)
	if err != nil {
		return err
	}
	return s.run(ctx, e, withWorkers, started)
}

// Work does jobs until ctx ends. Over HTTP it tells only how it is.
func (s *Server) Work(ctx context.Context, started func()) error {
	return s.run(ctx, newHealthEdge(s.core), true, started)
}

// run serves first and works second, and ends in the same order: nobody is told
// that work began which this process will not do any more.
func (s *Server) run(ctx context.Context, e *edge, withWorkers bool, started func()) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.core.config.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer stopWork()
		return s.serve(ctx, listener, e)
	})
	group.Go(func() error { return s.keepHouse(ctx) })
	if withWorkers {
		group.Go(func() error { return s.core.work(work) })
	}
	s.core.log.InfoContext(ctx, "hub started", "address", listener.Addr().String(), "url", s.PublicURL())
	started()
	return group.Wait()
}

// serve answers requests until ctx ends, and then lets those under way end.
func (s *Server) serve(ctx context.Context, listener net.Listener, e *edge) error {
	server := &http.Server{
		Handler: e, MaxHeaderBytes: maxHeader,
		ReadTimeout: readTime, ReadHeaderTimeout: headerTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:    slog.NewLogLogger(s.core.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	var ended errgroup.Group
	ended.Go(func() error { return server.Shutdown(drain) })
	if e.websockets != nil {
		ended.Go(func() error { return e.websockets.Shutdown(drain) })
	}
	if err := ended.Wait(); err != nil {
		return errors.Join(fmt.Errorf("end connections: %w", err), server.Close())
	}
	return nil
}

// keepHouse removes what nobody needs any more, now and then.
func (s *Server) keepHouse(ctx context.Context) error {
	tick := time.NewTicker(housekeeping)
	defer tick.Stop()
	purges := map[string]func(context.Context) (int, error){
		"sessions": s.core.accounts.Purge,
		"jobs":     s.core.jobs.Purge,
		"requests": s.core.store.PurgeRequests,
	}
	for {
		for what, purge := range purges {
			if n, err := purge(ctx); err != nil && ctx.Err() == nil {
				s.core.log.WarnContext(ctx, "housekeeping failed", "error", err)
			} else if n > 0 {
				s.core.log.InfoContext(ctx, "removed what was old", "what", what, "count", n)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
