package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/graph/generated"
	"github.com/wedsync/wedsync/hub"
)

// once carries out a mutation. With an idempotency key that was used before for
// the same input, it answers by again with what was made then.
func once[T any](ctx context.Context, r *Resolver, operation string, key *string, input any,
	do func(context.Context) (T, error), again func(context.Context, hub.Answer) (T, error),
) (T, error) {
	var none T
	if key == nil {
		return do(ctx)
	}
	request, err := r.request(ctx, operation, *key, input)
	if err != nil {
		return none, err
	}
	if answer, ok, err := r.hub.Store.Answered(ctx, request); err != nil {
		return none, err
	} else if ok {
		return again(ctx, answer)
	}
	made, err := do(hub.WithRequest(ctx, request))
	if err == nil {
		return made, nil
	}
	// The same request may have been carried out by another process meanwhile:
	// then that is the answer, and why this attempt failed does not matter.
	answer, ok, lookUp := r.hub.Store.Answered(ctx, request)
	if lookUp != nil || !ok {
		return none, err
	}
	return again(ctx, answer)
}

func (r *Resolver) request(ctx context.Context, operation, key string, input any) (*hub.Request, error) {
	viewer, _ := rule.From(ctx)
	said, err := json.Marshal([]any{viewer.Actor(), input})
	if err != nil {
		return nil, fmt.Errorf("encode input: %w", err)
	}
	request := &hub.Request{Operation: operation, Key: key, InputHash: r.hub.Fingerprint(said)}
	return request, request.Validate()
}

// settle divides what a capability answers into the result and the mistakes that
// the payload reports. Faults of the hub stay errors.
func settle[T any](result T, err error) (T, []*generated.UserError, error) {
	var none T
	if err == nil {
		return result, []*generated.UserError{}, nil
	}
	if mistakes := userErrors(err); mistakes != nil {
		return none, mistakes, nil
	}
	return none, nil, err
}

// userErrors returns the mistakes in err, or nil if it is or holds anything else.
func userErrors(err error) []*generated.UserError {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*generated.UserError
		for _, e := range joined.Unwrap() {
			some := userErrors(e)
			if some == nil {
				return nil
			}
			all = append(all, some...)
		}
		return all
	}
	var mistake *hub.Error
	if !errors.As(hub.Translate(err, "", ""), &mistake) {
		return nil
	}
	u := &generated.UserError{Code: mistake.Code, Message: mistake.Message}
	if mistake.Field != "" {
		u.Field = strings.Split(mistake.Field, ".")
	}
	return []*generated.UserError{u}
}
