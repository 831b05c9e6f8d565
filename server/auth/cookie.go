package auth

import (
	"net/http"
	"time"

	"github.com/wedsync/wedsync/hub/account"
)

// cookies reads and writes the hub's cookies. Over TLS their names carry the
// prefix that keeps other hosts and plain connections from setting them.
type cookies struct {
	secure bool
}

const (
	sessionCookie = "wedsync_session"
	stateCookie   = "wedsync_signin"
)

func (c cookies) name(plain string) string {
	if c.secure {
		return "__Host-" + plain
	}
	return plain
}

func (c cookies) session(r *http.Request) (secret string, ok bool) { return c.read(r, sessionCookie) }

func (c cookies) read(r *http.Request, plain string) (string, bool) {
	cookie, err := r.Cookie(c.name(plain))
	if err != nil || cookie.Value == "" {
		return "", false
	}
	return cookie.Value, true
}

func (c cookies) write(w http.ResponseWriter, plain, value string, lifetime time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name(plain), Value: value, Path: "/", MaxAge: int(lifetime / time.Second),
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (c cookies) startSession(w http.ResponseWriter, secret string) {
	c.write(w, sessionCookie, secret, account.SessionLifetime)
}

// remove makes the browser forget the cookie.
func (c cookies) remove(w http.ResponseWriter, plain string) { c.write(w, plain, "", -time.Second) }
