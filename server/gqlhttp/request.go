package gqlhttp

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/99designs/gqlgen/graphql"

	"github.com/wedsync/wedsync/server/gqlexec"
)

// badRequest is a request that is not even a well-formed GraphQL request. Its
// message repeats nothing of what was sent.
type badRequest struct {
	status  int
	message string
}

func bad(message string) *badRequest { return &badRequest{http.StatusBadRequest, message} }

// read returns the parameters of the request.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *badRequest) {
	start := graphql.Now()
	var params *graphql.RawParams
	var wrong *badRequest
	switch r.Method {
	case http.MethodPost:
		params, wrong = h.readBody(w, r)
	case http.MethodGet:
		params, wrong = readURL(r)
	default:
		return nil, &badRequest{http.StatusMethodNotAllowed, "GraphQL requests are sent by GET or POST"}
	}
	if wrong != nil {
		return nil, wrong
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *badRequest) {
	// Insisting on JSON is also what makes a browser ask before it sends a
	// request across sites: forms cannot produce it.
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != mediaJSON || !isUTF8(params) {
		return nil, &badRequest{http.StatusUnsupportedMediaType, "the body must be " + mediaJSON + " in UTF-8"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.MaxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &badRequest{http.StatusRequestEntityTooLarge, "the body is too large"}
	}
	if err != nil {
		return nil, bad("the body could not be read")
	}
	parsed, err := gqlexec.ParseParams(body)
	if err != nil {
		return nil, bad(err.Error())
	}
	return parsed, nil
}

func readURL(r *http.Request) (*graphql.RawParams, *badRequest) {
	query := r.URL.Query()
	if !query.Has("query") {
		return nil, bad("the URL has no query parameter")
	}
	out := &graphql.RawParams{Query: query.Get("query"), OperationName: query.Get("operationName")}
	for key, into := range map[string]*map[string]any{"variables": &out.Variables, "extensions": &out.Extensions} {
		value := query.Get(key)
		if value == "" {
			continue
		}
		object, err := gqlexec.ParseObject([]byte(value))
		if err != nil {
			return nil, bad("the parameter " + key + " must be a JSON object")
		}
		*into = object
	}
	return out, nil
}
