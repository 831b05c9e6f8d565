// Package gqlclient is a small GraphQL client for the demo and the tests that
// drive a running hub from outside: queries and mutations over HTTP,
// subscriptions over graphql-transport-ws.
package gqlclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxResponse bounds what is read of one answer.
const maxResponse = 64 << 20

// Client talks to one hub as one viewer. It is safe for concurrent use.
type Client struct {
	// URL is the hub's address, without a path.
	URL string
	// Token is sent as a bearer token, if set.
	Token string
	// HTTP is the client to use; nil means http.DefaultClient.
	HTTP *http.Client
}

// Error is one error of a GraphQL answer.
type Error struct {
	Message    string         `json:"message"`
	Path       []any          `json:"path"`
	Extensions map[string]any `json:"extensions"`
}

// Errors are the errors of a GraphQL answer.
type Errors []Error

func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, one := range e {
		texts[i] = one.Message
	}
	return strings.Join(texts, "; ")
}

// StatusError is an HTTP answer that is no GraphQL answer.
type StatusError struct {
	Status int
	Body   string
}

func (e *StatusError) Error() string { return fmt.Sprintf("HTTP status %d: %s", e.Status, e.Body) }

type request struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables,omitempty"`
}

type response struct {
	Data   json.RawMessage `json:"data"`
	Errors Errors          `json:"errors"`
}

// Do runs a query or mutation and decodes its data into out, which may be nil.
// Errors of the answer come back as Errors.
func (c *Client) Do(ctx context.Context, query string, variables map[string]any, out any) error {
	body, err := json.Marshal(request{query, variables})
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/graphql-response+json")
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := c.client().Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	var answer response
	if err := json.Unmarshal(content, &answer); err != nil || (answer.Data == nil && answer.Errors == nil) {
		return &StatusError{resp.StatusCode, string(content[:min(len(content), 500)])}
	}
	return answer.into(out)
}

func (r response) into(out any) error {
	if len(r.Errors) > 0 {
		return r.Errors
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(r.Data, out); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

func (c *Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return http.DefaultClient
}

// ErrCompleted ends a subscription that the hub completed.
var ErrCompleted = errors.New("the subscription is complete")
