package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
)

// Validate returns everything that is wrong with the configuration, one sentence
// per variable. No sentence repeats a secret.
func (c Config) Validate() error {
	return errors.Join(
		c.validateAddr(),
		validateURL("WEDSYNC_PUBLIC_URL", c.PublicURL, originOnly),
		validateScheme("WEDSYNC_DATABASE_URL", c.DatabaseURL, "postgres", "postgresql"),
		validateScheme("WEDSYNC_REDIS_URL", c.RedisURL, "redis", "rediss", "unix"),
		c.validateKey(),
		c.OIDC.validate(),
		c.validateLocal(),
		oneOf("WEDSYNC_LOG_FORMAT", c.LogFormat, LogText, LogJSON),
	)
}

func (c Config) validateAddr() error {
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return fmt.Errorf("WEDSYNC_ADDR must be host:port, such as 127.0.0.1:8080: %w", err)
	}
	return nil
}

func (c Config) validateLocal() error {
	errs := []error{oneOf("WEDSYNC_LOCAL_ACCESS", c.LocalAccess, LocalAuto, LocalAllow, LocalDeny)}
	for _, root := range c.LocalRoots {
		if !filepath.IsAbs(root) {
			errs = append(errs, fmt.Errorf("WEDSYNC_LOCAL_ROOTS: %q is not an absolute path", root))
		}
	}
	return errors.Join(errs...)
}

func (o OIDC) validate() error {
	if o == (OIDC{}) {
		return nil
	}
	if o.Issuer == "" || o.ClientID == "" || o.ClientSecret == "" {
		return errors.New("set WEDSYNC_OIDC_ISSUER, WEDSYNC_OIDC_CLIENT_ID and WEDSYNC_OIDC_CLIENT_SECRET together")
	}
	return validateURL("WEDSYNC_OIDC_ISSUER", o.Issuer, withPath)
}

// What may follow the host of a URL.
const (
	originOnly = false
	withPath   = true
)

// validateURL accepts https anywhere and plain http on this machine: a password
// or cookie that crosses a network in the clear is everybody's.
func validateURL(name, value string, pathAllowed bool) error {
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%s must be a URL such as https://hub.example.com", name)
	}
	if u.Path != "" && !pathAllowed {
		return fmt.Errorf("%s must not have a path", name)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return fmt.Errorf("%s must start with https:// (http:// is for this machine only)", name)
	}
	return nil
}

func validateScheme(name string, value Secret, schemes ...string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value.Reveal())
	if err != nil || !slices.Contains(schemes, u.Scheme) {
		// The parser's own words would repeat the URL, password included.
		return fmt.Errorf("%s must be a URL that starts with one of %q, followed by ://", name, schemes)
	}
	return nil
}

func oneOf[T ~string](name string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s is %q; it must be one of %q", name, value, allowed)
}
