package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/request"
	"github.com/wedsync/wedsync/ent/rule"
)

const (
	// maxKey is the longest idempotency key, in bytes.
	maxKey = 200
	// keepRequests is how long a request that is sent again is recognized.
	keepRequests = 7 * 24 * time.Hour
)

// Request is a mutation that carries an idempotency key. Carried in the context
// (WithRequest), it commits together with the first unit of work that leaves an
// audit entry: the work is done once however often and at whatever moments the
// same request is sent.
type Request struct {
	// Operation is the mutation's name; keys of different ones are apart.
	Operation string
	Key       string
	// InputHash tells whether a key is used again for another input. It must not
	// give away secrets in the input.
	InputHash []byte

	committed bool
}

// Validate returns an Error if the key cannot be one.
func (r *Request) Validate() error {
	if r.Key == "" || len(r.Key) > maxKey || !utf8.ValidString(r.Key) {
		return Errorf(CodeInvalid, "idempotencyKey", "must have from 1 to %d bytes of UTF-8", maxKey)
	}
	return nil
}

// Answer is what a request made: the subject and data of its first audit entry.
type Answer struct {
	SubjectID string
	Data      json.RawMessage
}

type requestKey struct{}

// WithRequest returns a context whose next unit of work is remembered under the
// request's key. It serves one mutation and must not be shared by goroutines.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// pending returns the request that the next unit of work has to remember, or nil.
func pending(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	if r == nil || r.committed {
		return nil
	}
	return r
}

// Answered returns what the request made when it was first sent; ok is false if
// it is new. A key that was used for another input is an Error.
func (s *Store) Answered(ctx context.Context, r *Request) (a Answer, ok bool, err error) {
	row, err := s.client.Request.Query().
		Where(request.Operation(r.Operation), request.Key(r.Key)).Only(ctx)
	if ent.IsNotFound(err) {
		return Answer{}, false, nil
	}
	if err != nil {
		return Answer{}, false, fmt.Errorf("look up idempotency key: %w", err)
	}
	if !bytes.Equal(row.InputHash, r.InputHash) {
		return Answer{}, false, Errorf(CodeKeyReused, "idempotencyKey", "was used before with another input")
	}
	return Answer{SubjectID: row.ResultID, Data: row.Data}, true, nil
}

// errRequestTaken ends a unit of work whose request another one carried out at
// the same time. Whoever sent it finds the answer by Answered.
var errRequestTaken = errors.New("the request is being carried out already")

// remember writes the context's request with what the unit made. The unique key
// makes the second of two that run at once wait for the first and then fail.
func (t *Tx) remember(ctx context.Context, organizationID string) error {
	r := pending(ctx)
	if r == nil || len(t.audits) == 0 {
		return nil
	}
	data, err := json.Marshal(t.audits[0].Data)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	err = t.Request.Create().SetOrganizationID(organizationID).
		SetOperation(r.Operation).SetKey(r.Key).SetInputHash(r.InputHash).
		SetResultID(t.audits[0].SubjectID).SetData(data).Exec(ctx)
	if ent.IsConstraintError(err) {
		return errRequestTaken
	}
	if err != nil {
		return fmt.Errorf("remember request: %w", err)
	}
	return nil
}

// PurgeRequests forgets the requests that were made long ago and returns how many.
func (s *Store) PurgeRequests(ctx context.Context) (int, error) {
	n, err := s.client.Request.Delete().
		Where(request.CreatedAtLT(time.Now().Add(-keepRequests))).Exec(rule.System(ctx))
	if err != nil {
		return 0, fmt.Errorf("forget old requests: %w", err)
	}
	return n, nil
}
