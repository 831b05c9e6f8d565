package reach_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/server/reach"
)

func get(t *testing.T, c *http.Client, url string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

func TestOnlyPublicAddressesAreDialed(t *testing.T) {
	t.Parallel()
	c := reach.NewClient(false)
	for _, host := range []string{
		"127.0.0.1", "127.9.9.9", "[::1]", "0.0.0.0", "[::]", "10.0.0.1", "172.16.0.1", "192.168.1.1",
		"169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "[fc00::1]", "100.64.0.1", "100.100.100.200",
		"[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]",
		"[2002:7f00:1::]", "[2001:0:7f00:1::]", "224.0.0.1", "[ff02::1]", "255.255.255.255", "192.0.0.1",
		"198.18.0.1", "240.0.0.1", "[fec0::1]", "localhost",
	} {
		err := get(t, c, "http://"+host+":9/")
		if !errors.Is(err, reach.ErrAddress) {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// TestANameIsCheckedWhenItIsDialed proves that a name which resolves to an address
// inside is refused: what resolved it, and how often it changed its mind, does not
// matter.
func TestANameIsCheckedWhenItIsDialed(t *testing.T) {
	t.Parallel()
	touched := make(chan struct{}, 1)
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { touched <- struct{}{} }))
	t.Cleanup(inside.Close)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(inside.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "localhost."} {
		if err := get(t, reach.NewClient(false), "http://"+net.JoinHostPort(name, port)); err == nil {
			t.Errorf("%s: reached", name)
		}
	}
	select {
	case <-touched:
		t.Error("the server inside was touched")
	default:
	}
	if err := get(t, reach.NewClient(true), inside.URL); err != nil {
		t.Errorf("with local access: %v", err)
	}
}

func TestARedirectLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	touched := make(chan struct{}, 1)
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { touched <- struct{}{} }))
	t.Cleanup(inside.Close)
	outside := httptest.NewTLSServer(http.RedirectHandler(inside.URL, http.StatusFound))
	t.Cleanup(outside.Close)

	c := reach.NewClient(false)
	transport := c.Transport.(*http.Transport)
	// The server outside is on this machine as well, so it is reached by a way of
	// its own; everything else takes the client's.
	guarded := transport.DialContext
	transport.TLSClientConfig = outside.Client().Transport.(*http.Transport).TLSClientConfig
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if "https://"+address == outside.URL {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		return guarded(ctx, network, address)
	}
	if err := get(t, c, outside.URL); err == nil {
		t.Error("followed from https to http")
	}
	toInside := httptest.NewUnstartedServer(http.RedirectHandler("https://"+strings.TrimPrefix(inside.URL, "http://"), http.StatusFound))
	toInside.StartTLS()
	t.Cleanup(toInside.Close)
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if "https://"+address == toInside.URL {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		return guarded(ctx, network, address)
	}
	if err := get(t, c, toInside.URL); !errors.Is(err, reach.ErrAddress) {
		t.Errorf("redirected inside: %v", err)
	}
	select {
	case <-touched:
		t.Error("the server inside was touched")
	default:
	}
}

func TestRedirectsAreBounded(t *testing.T) {
	t.Parallel()
	n := 0
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		http.Redirect(w, r, s.URL, http.StatusFound)
	}))
	t.Cleanup(s.Close)
	if err := get(t, reach.NewClient(true), s.URL); err == nil || n > 10 {
		t.Errorf("%d requests, %v", n, err)
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"photos/wedding", "photos-private", "data/files", "else"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "else"), filepath.Join(dir, "photos", "escape")); err != nil {
		t.Fatal(err)
	}
	in := func(p string) string { return filepath.Join(dir, p) }
	some := reach.Folders([]string{in("photos")}, in("data"))
	anywhere := reach.Folders(nil, in("data"))
	for path, want := range map[string][2]bool{
		in("photos"):               {true, true},
		in("photos/wedding"):       {true, true},
		in("photos/../else"):       {false, true},
		in("photos/escape"):        {false, true},
		in("photos-private"):       {false, true},
		in("data"):                 {false, false},
		in("data/files"):           {false, false},
		dir:                        {false, false}, // holds the data
		in("missing"):              {false, false},
		"photos":                   {false, false},
		"":                         {false, false},
		in("photos/wedding") + "/": {true, true},
	} {
		if got := [2]bool{some(path), anywhere(path)}; got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}
