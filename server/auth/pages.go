package auth

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub/account"
)

//go:embed pages
var pageFiles embed.FS

// pagePolicy lets a page do nothing but look as it should and send its form here.
const pagePolicy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// maxForm bounds the forms that pages post, in bytes.
const maxForm = 4 << 10

// home is where people go who did not say where.
const home = "/playground"

// page is what the one template shows.
type page struct {
	Title, Text string
	// Button, if set, posts an empty form to the page's own address.
	Button string
	// Choices are buttons that post their Value as "organization".
	Choices []choice
}

type choice struct{ Value, Label string }

// Register adds the pages to the router.
func (a *Auth) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /auth/login", a.login)
	mux.HandleFunc("GET "+callbackPath, a.callback)
	mux.HandleFunc("GET /auth/link/{secret}", a.showLink)
	mux.HandleFunc("POST /auth/link/{secret}", a.useLink)
	mux.HandleFunc("POST /auth/logout", a.logout)
	mux.Handle("GET /auth/organization", a.RequirePage(http.HandlerFunc(a.showOrganizations)))
	mux.Handle("POST /auth/organization", a.RequirePage(http.HandlerFunc(a.switchOrganization)))
	mux.HandleFunc("GET /auth/style.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pageFiles, "pages/style.css")
	})
}

// login sends the browser to the issuer.
func (a *Auth) login(w http.ResponseWriter, r *http.Request) {
	if a.issuer == nil {
		a.show(w, r, http.StatusOK, page{Title: "Sign in", Text: "Open the sign-in link that the hub printed when it started, or make one with: wedsync link --user EMAIL"})
		return
	}
	address, cookie, err := a.issuer.begin(r.Context(), localPath(r.URL.Query().Get("next")))
	if err != nil {
		a.log.ErrorContext(r.Context(), "sign-in could not start", "error", err)
		a.show(w, r, http.StatusBadGateway, page{Title: "Sign in", Text: "The identity provider does not answer. Try again later."})
		return
	}
	a.cookies.write(w, stateCookie, cookie, signInLifetime)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// callback receives the browser back from the issuer.
func (a *Auth) callback(w http.ResponseWriter, r *http.Request) {
	if a.issuer == nil {
		http.NotFound(w, r)
		return
	}
	cookie, _ := a.cookies.read(r, stateCookie)
	a.cookies.remove(w, stateCookie) // one attempt, one answer
	who, next, err := a.issuer.finish(r.Context(), cookie, r.URL.Query())
	if err == nil {
		var secret string
		if secret, err = a.accounts.SignIn(r.Context(), who); err == nil {
			a.enter(w, r, secret, next)
			return
		}
	}
	switch {
	case errors.Is(err, errAttempt), errors.Is(err, errIssuerRefused):
		a.show(w, r, http.StatusBadRequest, page{Title: "Not signed in", Text: "This did not work: " + err.Error() + "."})
	case errors.Is(err, account.ErrNoMembership), errors.Is(err, account.ErrUnauthenticated):
		a.show(w, r, http.StatusForbidden, page{Title: "Not a member", Text: "You are not a member here. Ask an admin of your studio to add your e-mail address."})
	default:
		a.log.ErrorContext(r.Context(), "sign-in failed", "error", err)
		a.show(w, r, http.StatusBadGateway, page{Title: "Not signed in", Text: "Something failed while signing you in. Try again later."})
	}
}

// showLink only asks: programs that look at links in messages must not use them up.
func (a *Auth) showLink(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, page{Title: "Sign in", Text: "This link works once.", Button: "Sign in"})
}

func (a *Auth) useLink(w http.ResponseWriter, r *http.Request) {
	if a.sameSite.Check(r) != nil {
		a.show(w, r, http.StatusForbidden, page{Title: "Not signed in", Text: "Open the link itself."})
		return
	}
	secret, err := a.accounts.UseLink(r.Context(), r.PathValue("secret"))
	switch {
	case err == nil:
		a.enter(w, r, secret, home)
	case errors.Is(err, account.ErrUnauthenticated):
		a.show(w, r, http.StatusForbidden, page{Title: "Not signed in", Text: "This link was used before or is too old."})
	default:
		a.log.ErrorContext(r.Context(), "sign-in by link failed", "error", err)
		a.show(w, r, http.StatusInternalServerError, page{Title: "Not signed in", Text: "Something failed while signing you in. Try again later."})
	}
}

func (a *Auth) enter(w http.ResponseWriter, r *http.Request, secret, next string) {
	a.cookies.startSession(w, secret)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// logout ends the session. Without one there is nothing to end, which is as good.
func (a *Auth) logout(w http.ResponseWriter, r *http.Request) {
	viewer, err := a.Viewer(r)
	if err == nil && viewer.SessionID != "" {
		err = a.accounts.EndSession(rule.With(r.Context(), viewer))
	}
	switch {
	case errors.Is(err, errCrossSite):
		a.show(w, r, http.StatusForbidden, page{Title: "Still signed in", Text: "The request came from another site."})
		return
	case err != nil && !errors.Is(err, account.ErrUnauthenticated):
		a.log.ErrorContext(r.Context(), "sign-out failed", "error", err)
		a.show(w, r, http.StatusInternalServerError, page{Title: "Still signed in", Text: "Something failed. Try again later."})
		return
	}
	a.cookies.remove(w, sessionCookie)
	a.show(w, r, http.StatusOK, page{Title: "Signed out", Text: "You are signed out."})
}

// showOrganizations lets a person who belongs to several choose.
func (a *Auth) showOrganizations(w http.ResponseWriter, r *http.Request) {
	all, err := a.accounts.Organizations(r.Context())
	if err != nil {
		a.refuseOrganization(w, r, err)
		return
	}
	choices := make([]choice, len(all))
	for i, o := range all {
		choices[i] = choice{Value: o.ID, Label: o.Name}
	}
	a.show(w, r, http.StatusOK, page{Title: "Your organizations", Text: "Which one do you want to work in?", Choices: choices})
}

func (a *Auth) switchOrganization(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	secret, err := a.accounts.SwitchOrganization(r.Context(), r.PostFormValue("organization"))
	if err != nil {
		a.refuseOrganization(w, r, err)
		return
	}
	a.enter(w, r, secret, home)
}

func (a *Auth) refuseOrganization(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, account.ErrNoMembership):
		a.show(w, r, http.StatusNotFound, page{Title: "Not found", Text: "You belong to no such organization."})
	case errors.Is(err, account.ErrUnauthenticated):
		a.show(w, r, http.StatusForbidden, page{Title: "Not signed in", Text: "A token acts in one organization; sign in with the browser to choose another."})
	default:
		a.log.ErrorContext(r.Context(), "organization could not be chosen", "error", err)
		a.show(w, r, http.StatusInternalServerError, page{Title: "Your organizations", Text: "Something failed. Try again later."})
	}
}

func (a *Auth) show(w http.ResponseWriter, r *http.Request, status int, p page) {
	var out bytes.Buffer
	t, err := template.ParseFS(pageFiles, "pages/page.html")
	if err == nil {
		err = t.Execute(&out, p)
	}
	if err != nil { // a defect of the embedded file
		a.log.ErrorContext(r.Context(), "page could not be made", "error", err)
		http.Error(w, p.Title, http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // a browser that is gone is not worth an error
}

// localPath returns the path if it stays on this site, or home.
func localPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return home
	}
	return path
}
