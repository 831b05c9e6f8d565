package problem

import "net/http"

// Routes serves the mux, and answers what no route of it takes with a problem.
func Routes(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "" {
				w.Header().Set("Allow", method)
				Write(w, http.StatusMethodNotAllowed, "use "+method)
				return
			}
		}
		Write(w, http.StatusNotFound, "there is nothing at this address")
	})
}
