package problem_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/server/problem"
)

func TestWhatNoRouteTakesIsAProblem(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Id", r.PathValue("id")) })
	h := problem.Routes(mux)
	for _, tt := range []struct {
		method, path string
		status       int
		allow, id    string
	}{
		{"GET", "/things/7", 200, "", "7"},
		{"POST", "/things/7", 405, "GET", ""},
		{"GET", "/nothing", 404, "", ""},
		{"DELETE", "/", 404, "", ""},
		{"GET", "//things/7", 307, "", ""},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.status || w.Header().Get("Allow") != tt.allow || w.Header().Get("Id") != tt.id {
			t.Errorf("%s %s: %d %v", tt.method, tt.path, w.Code, w.Header())
		}
		if tt.status >= 400 && (w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), `"status":`)) {
			t.Errorf("%s %s: %v %s", tt.method, tt.path, w.Header(), w.Body)
		}
	}
}
