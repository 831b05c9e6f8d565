package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub/account"
	"github.com/wedsync/wedsync/internal/config"
	"github.com/wedsync/wedsync/server/gqlhttp"
	"github.com/wedsync/wedsync/server/gqlws"
	"github.com/wedsync/wedsync/server/problem"
)

// errCrossSite refuses a cookie on a request that another site may have caused.
var errCrossSite = errors.New("the request comes from another site")

// Auth knows the credentials that requests carry.
type Auth struct {
	accounts *account.Service
	log      *slog.Logger
	public   *url.URL
	cookies  cookies
	sameSite *http.CrossOriginProtection
	issuer   *issuer // nil: nobody signs in with an issuer
}

// New returns the authentication of the hub at c.PublicURL. key is the master key.
func New(accounts *account.Service, c config.Config, key []byte, log *slog.Logger) (*Auth, error) {
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	a := &Auth{
		accounts: accounts, log: log, public: public,
		cookies: cookies{secure: c.SecureCookies()}, sameSite: http.NewCrossOriginProtection(),
	}
	// Behind a proxy the Host header may be another than the browser's address.
	if err := a.sameSite.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	if c.OIDC.Enabled() {
		if a.issuer, err = newIssuer(c.OIDC, c.PublicURL, key); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Viewer returns who sent the request. It fails with account.ErrUnauthenticated
// for nobody, or nobody any more. A token that is sent is the only one that counts.
func (a *Auth) Viewer(r *http.Request) (rule.Viewer, error) {
	if header := r.Header.Values("Authorization"); len(header) > 0 {
		return a.bearer(r.Context(), header[0])
	}
	secret, ok := a.cookies.session(r)
	if !ok {
		return rule.Viewer{}, account.ErrUnauthenticated
	}
	if a.sameSite.Check(r) != nil {
		return rule.Viewer{}, errCrossSite
	}
	return a.accounts.AuthenticateSession(r.Context(), secret)
}

func (a *Auth) bearer(ctx context.Context, authorization string) (rule.Viewer, error) {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return rule.Viewer{}, account.ErrUnauthenticated
	}
	return a.accounts.AuthenticateToken(ctx, strings.TrimSpace(token))
}

// refusal writes the answer to a request that is not let in.
type refusal func(w http.ResponseWriter, r *http.Request, status int, code, message string)

// Require lets only signed-in viewers pass; others get a problem.
func (a *Auth) Require(next http.Handler) http.Handler {
	return a.require(next, func(w http.ResponseWriter, _ *http.Request, status int, _, message string) {
		problem.Write(w, status, message)
	})
}

// RequireGraphQL is Require for GraphQL requests: the answer is one of GraphQL.
func (a *Auth) RequireGraphQL(next http.Handler) http.Handler {
	return a.require(next, gqlhttp.Refuse)
}

// RequirePage is Require for pages: browsers are sent to sign in.
func (a *Auth) RequirePage(next http.Handler) http.Handler {
	return a.require(next, func(w http.ResponseWriter, r *http.Request, status int, _, message string) {
		if status == http.StatusUnauthorized && r.Method == http.MethodGet {
			http.Redirect(w, r, "/auth/login?next="+url.QueryEscape(r.URL.Path), http.StatusSeeOther)
			return
		}
		problem.Write(w, status, message)
	})
}

func (a *Auth) require(next http.Handler, refuse refusal) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		viewer, err := a.Viewer(r)
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(rule.With(r.Context(), viewer)))
		case errors.Is(err, account.ErrUnauthenticated):
			challenge := `Bearer realm="wedsync"`
			if r.Header.Get("Authorization") != "" {
				challenge += `, error="invalid_token"`
			}
			w.Header().Set("WWW-Authenticate", challenge)
			refuse(w, r, http.StatusUnauthorized, "UNAUTHENTICATED", "sign in or send a valid token")
		case errors.Is(err, errCrossSite):
			refuse(w, r, http.StatusForbidden, "FORBIDDEN", errCrossSite.Error())
		default:
			a.log.ErrorContext(r.Context(), "cannot tell who is asking", "error", err)
			refuse(w, r, http.StatusServiceUnavailable, "UNAVAILABLE", "the hub cannot check who you are right now")
		}
	})
}

// InitWebsocket is gqlws.Config.Init: the payload's authorization counts, or else
// the cookie that came with the request.
func (a *Auth) InitWebsocket(ctx context.Context, r *http.Request, payload map[string]any) (context.Context, error) {
	viewer, err := a.websocketViewer(ctx, r, payload)
	if errors.Is(err, account.ErrUnauthenticated) || errors.Is(err, errCrossSite) {
		return nil, fmt.Errorf("%w: %w", gqlws.ErrForbidden, err)
	}
	if err != nil {
		return nil, err
	}
	return rule.With(ctx, viewer), nil
}

func (a *Auth) websocketViewer(ctx context.Context, r *http.Request, payload map[string]any) (rule.Viewer, error) {
	if sent, ok := payload["authorization"]; ok {
		text, _ := sent.(string)
		return a.bearer(ctx, text)
	}
	if header := r.Header.Values("Authorization"); len(header) > 0 {
		return a.bearer(ctx, header[0])
	}
	secret, ok := a.cookies.session(r)
	if !ok {
		return rule.Viewer{}, account.ErrUnauthenticated
	}
	// Opening a websocket is a GET, which is held to be harmless; this one is not.
	asPost := r.Clone(ctx)
	asPost.Method = http.MethodPost
	if a.sameSite.Check(asPost) != nil {
		return rule.Viewer{}, errCrossSite
	}
	return a.accounts.AuthenticateSession(ctx, secret)
}

// Recheck is gqlws.Config.Recheck.
func (a *Auth) Recheck(ctx context.Context) error {
	viewer, _ := rule.From(ctx)
	err := a.accounts.StillAllowed(ctx, viewer)
	if errors.Is(err, account.ErrUnauthenticated) {
		return fmt.Errorf("%w: %w", gqlws.ErrForbidden, err)
	}
	return err
}
