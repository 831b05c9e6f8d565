package auth_test

import (
	"bufio"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub/account"
	"github.com/wedsync/wedsync/internal/config"
	"github.com/wedsync/wedsync/internal/testenv"
	"github.com/wedsync/wedsync/internal/testenv/npm"
)

// startIssuer starts a real issuer for a client that is sent back to the site at
// publicURL.
func startIssuer(t *testing.T, publicURL string) config.OIDC {
	t.Helper()
	c := config.OIDC{ClientID: "hub", ClientSecret: "client-secret"}
	cmd := npm.Command(t, "issuer.mjs", c.ClientID, c.ClientSecret.Reveal(), publicURL+"/oauth/oidc/callback")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // the test's context has ended it
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatalf("the issuer did not start: %v", lines.Err())
	}
	c.Issuer = lines.Text()
	return c
}

func openWithIssuer(t *testing.T, db testenv.Database) *site {
	t.Helper()
	return open(t, db, func(c *config.Config) { c.OIDC = startIssuer(t, c.PublicURL) })
}

var formAction = regexp.MustCompile(`<form[^>]*action="([^"]+)"`)

// visitIssuer goes to the issuer and signs in there as email. It returns the
// address that the issuer sends the browser back to, without going there.
func (s *site) visitIssuer(t *testing.T, b *http.Client, email string) *url.URL {
	t.Helper()
	var back *url.URL
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/oauth/oidc/callback" {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}
	defer func() { b.CheckRedirect = nil }()
	at := do(t, b, "GET", s.url+"/auth/login?next=/page", nil, nil)
	for _, form := range []url.Values{
		{"prompt": {"login"}, "login": {email}, "password": {"any"}},
		{"prompt": {"consent"}},
	} {
		action := formAction.FindStringSubmatch(at.body)
		if action == nil {
			t.Fatalf("no form at %s (%d): %s", at.url, at.status, at.body)
		}
		to, err := at.url.Parse(action[1])
		if err != nil {
			t.Fatal(err)
		}
		at = do(t, b, "POST", to.String(), form, nil)
	}
	if back == nil {
		t.Fatalf("the issuer did not send the browser back: %s %s", at.url, at.body)
	}
	return back
}

func TestSignInWithAnIssuer(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := openWithIssuer(t, db)
		for range 2 { // by address the first time, by subject the second
			b := browser(t)
			back := s.visitIssuer(t, b, "ann@example.com")
			if got := do(t, b, "GET", back.String(), nil, nil); got.status != 200 || got.url.Path != "/page" || got.body != s.userID {
				t.Fatalf("%d %s %s", got.status, got.url, got.body)
			}
			if got := do(t, b, "GET", back.String(), nil, nil); got.status != 400 {
				t.Errorf("the same answer again: %d", got.status)
			}
		}
	})
}

func TestWhomTheIssuerCannotBringIn(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := openWithIssuer(t, db)
		if _, err := s.accounts.AddMember(s.ctx, account.MemberInput{Email: "unverified@example.com", Role: rule.RoleViewer}); err != nil {
			t.Fatal(err)
		}
		for _, email := range []string{"stranger@example.com", "unverified@example.com"} {
			b := browser(t)
			got := do(t, b, "GET", s.visitIssuer(t, b, email).String(), nil, nil)
			if got.status != 403 || !strings.Contains(got.body, "not a member") {
				t.Errorf("%s: %d %s", email, got.status, got.body)
			}
			if got := do(t, b, "GET", s.url+"/who", nil, nil); got.status != 401 {
				t.Errorf("%s is signed in", email)
			}
		}
	})
}

func TestForgedAnswersOfTheIssuer(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := openWithIssuer(t, db)
		for name, forge := range map[string]func(url.Values){
			"wrong state":    func(q url.Values) { q.Set("state", "x") },
			"no state":       func(q url.Values) { q.Del("state") },
			"another issuer": func(q url.Values) { q.Set("iss", "https://evil.example") },
			"wrong code":     func(q url.Values) { q.Set("code", "x") },
			"no code":        func(q url.Values) { q.Del("code") },
			"refused":        func(q url.Values) { q.Set("error", "access_denied") },
		} {
			b := browser(t)
			back := s.visitIssuer(t, b, "ann@example.com")
			q := back.Query()
			forge(q)
			back.RawQuery = q.Encode()
			if got := do(t, b, "GET", back.String(), nil, nil); got.status != 400 {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
			if got := do(t, b, "GET", s.url+"/who", nil, nil); got.status != 401 {
				t.Errorf("%s: signed in", name)
			}
		}
		// Somebody else's answer, with a browser that asked on its own or not at all.
		answer := s.visitIssuer(t, browser(t), "ann@example.com")
		if got := do(t, browser(t), "GET", answer.String(), nil, nil); got.status != 400 {
			t.Errorf("a browser that did not ask: %d", got.status)
		}
		b := browser(t)
		s.visitIssuer(t, b, "ann@example.com")
		if got := do(t, b, "GET", answer.String(), nil, nil); got.status != 400 {
			t.Errorf("another browser's answer: %d", got.status)
		}
	})
}

func TestTheIssuerIsAskedOverPKCEOnly(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := openWithIssuer(t, db)
		still := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		got := do(t, still, "GET", s.url+"/auth/login?next=//evil.example", nil, nil)
		to, err := url.Parse(got.header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		q := to.Query()
		if got.status != 303 || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("nonce") == "" || q.Get("redirect_uri") != s.url+"/oauth/oidc/callback" {
			t.Errorf("%d %s", got.status, to)
		}
	})
}

func TestAnIssuerThatIsDown(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := open(t, db, func(c *config.Config) {
			c.OIDC = config.OIDC{Issuer: "http://127.0.0.1:1", ClientID: "hub", ClientSecret: "x"}
		})
		if got := do(t, browser(t), "GET", s.url+"/auth/login", nil, nil); got.status != 502 {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}
