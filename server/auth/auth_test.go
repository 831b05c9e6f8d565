package auth_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent/rule"
	_ "github.com/wedsync/wedsync/ent/runtime"
	"github.com/wedsync/wedsync/ent/session"
	corehub "github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/account"
	"github.com/wedsync/wedsync/internal/config"
	"github.com/wedsync/wedsync/internal/testenv"
	"github.com/wedsync/wedsync/server/auth"
	"github.com/wedsync/wedsync/server/gqlws"
)

type nobody struct{}

func (nobody) Committed(context.Context, corehub.Commit) {}

// site is a hub with one member, ann, and nothing but a page that says who asks.
type site struct {
	*auth.Auth
	accounts *account.Service
	url      string
	token    string
	tokenID  string
	userID   string
	ctx      context.Context // of the operator, within ann's organization
}

// open starts a site; configure gets its configuration with the public URL set.
func open(t *testing.T, db testenv.Database, configure func(*config.Config)) *site {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	s := &site{url: server.URL, accounts: account.New(corehub.NewStore(db.Client, nobody{}), time.Now)}
	m, err := s.accounts.Bootstrap(t.Context(), "Studio", "ann@example.com", rule.RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	s.userID, s.ctx = m.UserID, rule.SystemWithin(t.Context(), m.OrganizationID)
	made, secret, err := s.accounts.CreateToken(s.ctx, account.TokenInput{UserID: m.UserID, Name: "t", Role: rule.RoleMember})
	if err != nil {
		t.Fatal(err)
	}
	s.token, s.tokenID = secret, made.ID

	c := config.Config{PublicURL: server.URL}
	if configure != nil {
		configure(&c)
	}
	if s.Auth, err = auth.New(s.accounts, c, make([]byte, 32), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	s.Register(mux)
	who := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, _ := rule.From(r.Context())
		_, _ = io.WriteString(w, v.UserID)
	})
	mux.Handle("/who", s.Require(who))
	mux.Handle("/graphql", s.RequireGraphQL(who))
	mux.Handle("/page", s.RequirePage(who))
	mux.Handle("/playground", s.RequirePage(who))
	return s
}

// browser keeps cookies and follows redirects.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

type reply struct {
	status int
	header http.Header
	body   string
	url    *url.URL
}

func do(t *testing.T, client *http.Client, method, address string, form url.Values, header map[string]string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(body), res.Request.URL}
}

func (s *site) link(t *testing.T) string {
	t.Helper()
	secret, err := s.accounts.CreateLink(s.ctx, s.userID)
	if err != nil {
		t.Fatal(err)
	}
	return s.url + "/auth/link/" + secret
}

func TestBearerTokens(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := open(t, db, nil)
		if got := do(t, http.DefaultClient, "GET", s.url+"/who", nil, map[string]string{"Authorization": "bearer " + s.token}); got.status != 200 || got.body != s.userID {
			t.Errorf("%d %s", got.status, got.body)
		}
		for _, wrong := range []string{"", "Bearer", "Bearer ", "Bearer wst_x", "Basic " + s.token, s.token} {
			header := map[string]string{}
			if wrong != "" {
				header["Authorization"] = wrong
			}
			got := do(t, http.DefaultClient, "GET", s.url+"/who", nil, header)
			if got.status != 401 || got.header.Get("Content-Type") != "application/problem+json" || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("%q: %d %v", wrong, got.status, got.header)
			}
			got = do(t, http.DefaultClient, "POST", s.url+"/graphql", nil, header)
			if got.status != 401 || !strings.HasPrefix(got.body, `{"errors":[{"message"`) || !strings.Contains(got.body, "UNAUTHENTICATED") {
				t.Errorf("%q: %d %s", wrong, got.status, got.body)
			}
		}
	})
}

func TestSignInLink(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := open(t, db, nil)
		link := s.link(t)
		for range 3 { // a program that looks at links does not use them up
			got := do(t, http.DefaultClient, "GET", link, nil, nil)
			if got.status != 200 || !strings.Contains(got.body, `<form method="post">`) || !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Fatalf("%d %s", got.status, got.body)
			}
		}
		if got := do(t, browser(t), "POST", link, nil, map[string]string{"Origin": "https://evil.example"}); got.status != 403 {
			t.Errorf("from another site: %d", got.status)
		}
		b := browser(t)
		if got := do(t, b, "POST", link, nil, map[string]string{"Origin": s.url}); got.status != 200 || got.body != s.userID || got.url.Path != "/playground" {
			t.Errorf("%d %s %s", got.status, got.url, got.body)
		}
		if got := do(t, browser(t), "POST", link, nil, nil); got.status != 403 {
			t.Errorf("the second time: %d", got.status)
		}
		if got := do(t, b, "GET", s.url+"/who", nil, nil); got.body != s.userID {
			t.Errorf("signed in: %d %s", got.status, got.body)
		}
		if got := do(t, b, "POST", s.url+"/auth/logout", nil, map[string]string{"Sec-Fetch-Site": "cross-site"}); got.status != 403 {
			t.Errorf("sign-out by another site: %d", got.status)
		}
		if got := do(t, b, "POST", s.url+"/auth/logout", nil, nil); got.status != 200 {
			t.Errorf("sign-out: %d", got.status)
		}
		if got := do(t, b, "GET", s.url+"/who", nil, nil); got.status != 401 {
			t.Errorf("signed out: %d", got.status)
		}
	})
}

func TestCookies(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for public, want := range map[string]string{
			"":                        "wedsync_session",
			"https://hub.example.com": "__Host-wedsync_session",
		} {
			s := open(t, db, func(c *config.Config) {
				if public != "" {
					c.PublicURL = public
				}
			})
			still := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			got := do(t, still, "POST", s.link(t), nil, nil)
			cookies := (&http.Response{Header: got.header}).Cookies()
			if len(cookies) != 1 {
				t.Fatalf("%v", got.header)
			}
			c := cookies[0]
			if c.Name != want || !c.HttpOnly || c.Secure != (public != "") || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("%q: %+v", public, c)
			}
		}
	})
}

func TestCookiesDoNotCountAcrossSites(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := open(t, db, nil)
		b := browser(t)
		do(t, b, "POST", s.link(t), nil, nil)
		for name, tt := range map[string]struct {
			header map[string]string
			status int
		}{
			"no browser":  {nil, 200},
			"same origin": {map[string]string{"Origin": s.url}, 200},
			"fetch":       {map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
			"other site":  {map[string]string{"Origin": "https://evil.example"}, 403},
			"other port":  {map[string]string{"Origin": "http://127.0.0.1:1"}, 403},
			"no origin":   {map[string]string{"Origin": "null"}, 403},
			"cross fetch": {map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
			"with token":  {map[string]string{"Origin": "https://evil.example", "Authorization": "Bearer " + s.token}, 200},
		} {
			if got := do(t, b, "POST", s.url+"/graphql", nil, tt.header); got.status != tt.status {
				t.Errorf("%s: %d, want %d", name, got.status, tt.status)
			}
		}
	})
}

func TestPagesSendPeopleToSignIn(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := open(t, db, nil)
		got := do(t, browser(t), "GET", s.url+"/page", nil, nil)
		if got.url.Path != "/auth/login" || got.url.Query().Get("next") != "/page" || !strings.Contains(got.body, "wedsync link --user EMAIL") {
			t.Errorf("%s: %s", got.url, got.body)
		}
	})
}

func TestChoosingAnOrganization(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := open(t, db, nil)
		agency, err := s.accounts.Bootstrap(t.Context(), `A & "B"`, "ann@example.com", rule.RoleViewer)
		if err != nil {
			t.Fatal(err)
		}
		if agency.UserID != s.userID {
			t.Fatal("the site's member is somebody else")
		}
		stranger, err := s.accounts.Bootstrap(t.Context(), "Strangers", "bob@example.com", rule.RoleOwner)
		if err != nil {
			t.Fatal(err)
		}
		choose := func(b *http.Client, id string, header map[string]string) reply {
			return do(t, b, "POST", s.url+"/auth/organization", url.Values{"organization": {id}}, header)
		}
		if got := do(t, browser(t), "GET", s.url+"/auth/organization", nil, nil); got.url.Path != "/auth/login" {
			t.Errorf("signed out: %s", got.url)
		}
		b := browser(t)
		do(t, b, "POST", s.link(t), nil, nil)
		got := do(t, b, "GET", s.url+"/auth/organization", nil, nil)
		if got.status != 200 || !strings.Contains(got.body, agency.OrganizationID) || !strings.Contains(got.body, "A &amp; &#34;B&#34;") ||
			strings.Contains(got.body, "Strangers") {
			t.Errorf("%d %s", got.status, got.body)
		}
		if got := choose(b, agency.OrganizationID, map[string]string{"Origin": "https://evil.example"}); got.status != 403 {
			t.Errorf("from another site: %d", got.status)
		}
		if got := choose(b, stranger.OrganizationID, nil); got.status != 404 {
			t.Errorf("a foreign organization: %d", got.status)
		}
		if got := choose(b, strings.Repeat("x", 10<<10), nil); got.status != 404 {
			t.Errorf("a form too large: %d", got.status)
		}
		token := map[string]string{"Authorization": "Bearer " + s.token}
		if got := choose(http.DefaultClient, agency.OrganizationID, token); got.status != 403 {
			t.Errorf("with a token: %d", got.status)
		}
		if got := choose(b, agency.OrganizationID, map[string]string{"Origin": s.url}); got.status != 200 || got.body != s.userID || got.url.Path != "/playground" {
			t.Errorf("%d %s %s", got.status, got.url, got.body)
		}
		viewers := db.Client.Session.Query().Where(session.EndedAtIsNil(), session.KindEQ(session.KindBROWSER)).AllX(rule.System(t.Context()))
		if len(viewers) != 1 || viewers[0].OrganizationID != agency.OrganizationID {
			t.Errorf("sessions %v", viewers)
		}
	})
}

func TestWebsockets(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := open(t, db, nil)
		b := browser(t)
		do(t, b, "POST", s.link(t), nil, nil)
		address, err := url.Parse(s.url)
		if err != nil {
			t.Fatal(err)
		}
		session := b.Jar.Cookies(address)[0]
		request := func(origin string, cookie bool) *http.Request {
			r := httptest.NewRequestWithContext(t.Context(), "GET", s.url+"/graphql", nil)
			r.Header.Set("Origin", origin)
			if cookie {
				r.AddCookie(session)
			}
			return r
		}
		bearer := map[string]any{"authorization": "Bearer " + s.token}
		for name, tt := range map[string]struct {
			origin  string
			cookie  bool
			payload map[string]any
			allowed bool
		}{
			"token":                       {"https://portal.example", false, bearer, true},
			"cookie":                      {s.url, true, nil, true},
			"cookie from another site":    {"https://evil.example", true, nil, false},
			"nothing":                     {s.url, false, nil, false},
			"wrong token, right cookie":   {s.url, true, map[string]any{"authorization": "Bearer wst_x"}, false},
			"token that is no text":       {s.url, true, map[string]any{"authorization": 1}, false},
			"other payload, right cookie": {s.url, true, map[string]any{"x": 1}, true},
		} {
			ctx, err := s.InitWebsocket(t.Context(), request(tt.origin, tt.cookie), tt.payload)
			if !tt.allowed {
				if !errors.Is(err, gqlws.ErrForbidden) {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if v, _ := rule.From(ctx); v.UserID != s.userID || s.Recheck(ctx) != nil {
				t.Errorf("%s: %+v", name, v)
			}
		}
		ctx, err := s.InitWebsocket(t.Context(), request("", false), bearer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.accounts.RevokeToken(s.ctx, s.tokenID); err != nil {
			t.Fatal(err)
		}
		if err := s.Recheck(ctx); !errors.Is(err, gqlws.ErrForbidden) {
			t.Errorf("after the token was revoked: %v", err)
		}
	})
}
