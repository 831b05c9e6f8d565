// Package playground serves GraphiQL from the binary: nothing is loaded from
// elsewhere, and the page may run no script but its own files.
//
// The page holds no data. Whoever is signed in asks as themselves; a token can be
// set as a header instead.
package playground

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
)

//go:embed page assets
var files embed.FS

// Register adds the playground of the hub at publicURL to the router.
func Register(mux *http.ServeMux, publicURL string) error {
	public, err := url.Parse(publicURL)
	if err != nil {
		return fmt.Errorf("public URL: %w", err)
	}
	// Not every browser takes 'self' to mean websockets as well.
	socket := "ws" + public.Scheme[len("http"):] + "://" + public.Host
	policy := "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"font-src 'self' data:; connect-src 'self' " + socket + "; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
	mux.HandleFunc("GET /playground", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Referrer-Policy", "no-referrer")
		serve(w, r, "page/index.html")
	})
	for _, folder := range []string{"page", "assets"} {
		if err := registerFolder(mux, folder); err != nil {
			return err
		}
	}
	return nil
}

func registerFolder(mux *http.ServeMux, folder string) error {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return fmt.Errorf("playground: %w", err)
	}
	for _, e := range entries {
		mux.HandleFunc("GET /playground/"+e.Name(), func(w http.ResponseWriter, r *http.Request) {
			serve(w, r, folder+"/"+e.Name())
		})
	}
	return nil
}

func serve(w http.ResponseWriter, r *http.Request, name string) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, files, name)
}
