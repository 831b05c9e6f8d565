package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/wedsync/wedsync/hub/account"
	"github.com/wedsync/wedsync/internal/config"
)

// callbackPath is the one address that the issuer sends people back to.
const callbackPath = "/oauth/oidc/callback"

// issuerTimeout bounds each request to the issuer.
const issuerTimeout = 10 * time.Second

// issuer signs people in by the authorization code flow with PKCE.
type issuer struct {
	config config.OIDC
	oauth  oauth2.Config
	sealer sealer
	client *http.Client

	mu       sync.Mutex
	provider *oidc.Provider
}

func newIssuer(c config.OIDC, publicURL string, key []byte) (*issuer, error) {
	s, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	return &issuer{
		config: c, sealer: s, client: &http.Client{Timeout: issuerTimeout},
		oauth: oauth2.Config{
			ClientID: c.ClientID, ClientSecret: c.ClientSecret.Reveal(), RedirectURL: publicURL + callbackPath,
			Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
		},
	}, nil
}

// discover reads the issuer's addresses, once it answers: an issuer that is down
// must not keep the hub from starting.
func (i *issuer) discover(ctx context.Context) (*oidc.Provider, oauth2.Config, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.provider == nil {
		// The provider fetches its keys by this context later on.
		lasting := oidc.ClientContext(context.WithoutCancel(ctx), i.client)
		p, err := oidc.NewProvider(lasting, i.config.Issuer)
		if err != nil {
			return nil, oauth2.Config{}, fmt.Errorf("discover issuer: %w", err)
		}
		i.provider = p
	}
	oauth := i.oauth
	oauth.Endpoint = i.provider.Endpoint()
	return i.provider, oauth, nil
}

// begin returns where to send the browser, and the cookie it takes along.
func (i *issuer) begin(ctx context.Context, next string) (address, cookie string, err error) {
	_, oauth, err := i.discover(ctx)
	if err != nil {
		return "", "", err
	}
	a := newAttempt(oauth2.GenerateVerifier(), next)
	if cookie, err = i.sealer.seal(a); err != nil {
		return "", "", err
	}
	return oauth.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), cookie, nil
}

// errIssuerRefused is the issuer's own no, such as the person's.
var errIssuerRefused = errors.New("the issuer did not confirm who you are")

// finish turns the issuer's answer into the person it vouches for, and says where
// the person wanted to go.
func (i *issuer) finish(ctx context.Context, cookie string, answer url.Values) (account.Identity, string, error) {
	a, err := i.sealer.open(cookie)
	if err != nil {
		return account.Identity{}, "", err
	}
	if subtle.ConstantTimeCompare([]byte(a.State), []byte(answer.Get("state"))) != 1 {
		return account.Identity{}, "", errAttempt
	}
	// An answer that names another issuer was meant for another client (RFC 9207).
	if iss := answer.Get("iss"); iss != "" && iss != i.config.Issuer {
		return account.Identity{}, "", errAttempt
	}
	if answer.Get("error") != "" || answer.Get("code") == "" {
		return account.Identity{}, "", errIssuerRefused
	}
	who, err := i.exchange(oidc.ClientContext(ctx, i.client), a, answer.Get("code"))
	return who, a.Next, err
}

// claims are what the hub reads of a person.
type claims struct {
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Name          string `json:"name"`
}

func (i *issuer) exchange(ctx context.Context, a attempt, code string) (account.Identity, error) {
	provider, oauth, err := i.discover(ctx)
	if err != nil {
		return account.Identity{}, err
	}
	tokens, err := oauth.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response.StatusCode < 500 {
		return account.Identity{}, errIssuerRefused // the code was used before, or never issued
	}
	if err != nil {
		return account.Identity{}, fmt.Errorf("exchange code: %w", err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	idToken, err := provider.Verifier(&oidc.Config{ClientID: oauth.ClientID}).Verify(ctx, raw)
	if err != nil {
		return account.Identity{}, fmt.Errorf("verify ID token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(a.Nonce)) != 1 {
		return account.Identity{}, errAttempt
	}
	c, err := readClaims(ctx, provider, idToken, tokens)
	if err != nil {
		return account.Identity{}, err
	}
	return account.Identity{
		Issuer: idToken.Issuer, Subject: idToken.Subject,
		Email: c.Email, EmailVerified: c.EmailVerified, Name: c.Name,
	}, nil
}

// readClaims takes the claims from the ID token or, as many issuers leave them out
// there, from the userinfo endpoint.
func readClaims(ctx context.Context, provider *oidc.Provider, idToken *oidc.IDToken, tokens *oauth2.Token) (claims, error) {
	var c claims
	if err := idToken.Claims(&c); err != nil {
		return c, fmt.Errorf("read ID token: %w", err)
	}
	if c.Email != "" || provider.UserInfoEndpoint() == "" {
		return c, nil
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return c, fmt.Errorf("read userinfo: %w", err)
	}
	if info.Subject != idToken.Subject {
		return c, errIssuerRefused
	}
	if err := info.Claims(&c); err != nil {
		return c, fmt.Errorf("read userinfo: %w", err)
	}
	return c, nil
}
