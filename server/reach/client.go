package reach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrAddress refuses an address that tenants may not reach.
var ErrAddress = errors.New("the address is not on the public internet, and this hub allows no other")

// errRedirect refuses to follow a redirect.
var errRedirect = errors.New("the redirect leads from https to http, or there are too many")

const maxRedirects = 5

// NewClient returns the HTTP client of connections. Unless local is true it
// connects to public addresses only. The address is checked when it is dialed,
// after the name was resolved, so neither a name that changes its address nor a
// redirect gets around it.
func NewClient(local bool) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	if !local {
		dialer.ControlContext = publicOnly
	}
	return &http.Client{
		Transport: &http.Transport{
			// No proxy: it would resolve names out of sight of the check.
			DialContext:           dialer.DialContext,
			ForceAttemptHTTP2:     true,
			MaxIdleConns:          200,
			MaxIdleConnsPerHost:   32,
			IdleConnTimeout:       90 * time.Second,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: time.Minute,
			ExpectContinueTimeout: time.Second,
		},
		CheckRedirect: checkRedirect,
	}
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0].URL.Scheme
	if len(via) > maxRedirects || r.URL.Scheme != "https" && r.URL.Scheme != first {
		return errRedirect
	}
	return nil
}

// publicOnly is a net.Dialer.ControlContext: address is what is about to be
// connected to.
func publicOnly(_ context.Context, network, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: %s", ErrAddress, network)
	}
	if !public(target.Addr()) {
		// The address itself stays unsaid: it would map the hub's network.
		return ErrAddress
	}
	return nil
}

// reserved are the ranges that are no public addresses though netip does not say
// so, among them those that carry another address inside.
func reserved() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),       // this network
		netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT
		netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
		netip.MustParsePrefix("192.0.2.0/24"),    // documentation
		netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
		netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
		netip.MustParsePrefix("198.51.100.0/24"), // documentation
		netip.MustParsePrefix("203.0.113.0/24"),  // documentation
		netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
		netip.MustParsePrefix("::/96"),           // IPv4-compatible
		netip.MustParsePrefix("64:ff9b::/96"),    // NAT64
		netip.MustParsePrefix("64:ff9b:1::/48"),  // local NAT64
		netip.MustParsePrefix("100::/64"),        // discard
		netip.MustParsePrefix("2001::/23"),       // Teredo and other assignments
		netip.MustParsePrefix("2001:db8::/32"),   // documentation
		netip.MustParsePrefix("2002::/16"),       // 6to4
		netip.MustParsePrefix("3fff::/20"),       // documentation
		netip.MustParsePrefix("5f00::/16"),       // segment routing
		netip.MustParsePrefix("fec0::/10"),       // site-local
	}
}

// public reports whether the address is one of the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	// Link-local takes in the metadata services of clouds.
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range reserved() {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
