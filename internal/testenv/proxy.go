package testenv

import (
	"errors"
	"io"
	"net"
	"sync"
)

// proxy stands between the hub and a server, so that a test can take the server
// away and bring it back at the same address.
type proxy struct {
	address string
	dial    func() (net.Conn, error)

	mu       sync.Mutex
	listener net.Listener
	stopped  bool
	open     map[net.Conn]struct{}
	running  sync.WaitGroup
}

func newProxy(dial func() (net.Conn, error)) (*proxy, error) {
	p := &proxy{address: "127.0.0.1:0", dial: dial, open: map[net.Conn]struct{}{}}
	if err := p.start(); err != nil {
		return nil, err
	}
	p.address = p.listener.Addr().String()
	return p, nil
}

func (p *proxy) start() error {
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.listener, p.stopped = l, false
	p.mu.Unlock()
	p.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // stopped
			}
			p.running.Go(func() { p.serve(conn) })
		}
	})
	return nil
}

// stop refuses connections and breaks those that are open.
func (p *proxy) stop() error {
	p.mu.Lock()
	p.stopped = true
	err := p.listener.Close()
	for c := range p.open {
		err = errors.Join(err, c.Close())
	}
	clear(p.open)
	p.mu.Unlock()
	p.running.Wait()
	return err
}

func (p *proxy) serve(client net.Conn) {
	server, err := p.dial()
	if err != nil {
		_ = client.Close() // the client sees the connection end
		return
	}
	if !p.admit(client, server) {
		_, _ = client.Close(), server.Close() // accepted just before the stop
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.copy(server, client) })
	both.Go(func() { p.copy(client, server) })
	both.Wait()
}

// admit notes that the connections are open, so that stop breaks them, unless the
// proxy was stopped in the meantime.
func (p *proxy) admit(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return false
	}
	for _, c := range conns {
		p.open[c] = struct{}{}
	}
	return true
}

// copy passes bytes on until one side ends, and then ends both.
func (p *proxy) copy(to, from net.Conn) {
	_, _ = io.Copy(to, from) // any error ends the connection
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range []net.Conn{to, from} {
		if _, open := p.open[c]; open {
			delete(p.open, c)
			_ = c.Close()
		}
	}
}
