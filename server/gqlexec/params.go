package gqlexec

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// errParams says what request parameters look like, and nothing of those sent.
var errParams = errors.New("a request is a JSON object with a query (string) and optionally operationName (string), variables and extensions (objects)")

// params is a request as it is sent. Null is as good as absent.
type params struct {
	Query         *string        `json:"query"`
	OperationName *string        `json:"operationName"`
	Variables     map[string]any `json:"variables"`
	Extensions    map[string]any `json:"extensions"`
}

// ParseParams decodes the JSON object of a GraphQL request, which both transports
// share. Numbers in variables keep their exact text.
func ParseParams(text []byte) (*graphql.RawParams, error) {
	var p params
	if !utf8.Valid(text) || decode(text, &p) != nil || p.Query == nil {
		return nil, errParams
	}
	out := &graphql.RawParams{Query: *p.Query, Variables: p.Variables, Extensions: p.Extensions}
	if p.OperationName != nil {
		out.OperationName = *p.OperationName
	}
	return out, nil
}

// ParseObject decodes one JSON object, or null.
func ParseObject(text []byte) (map[string]any, error) {
	var object map[string]any
	if err := decode(text, &object); err != nil {
		return nil, errors.New("not a JSON object")
	}
	return object, nil
}

// decode reads exactly one JSON value.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}
