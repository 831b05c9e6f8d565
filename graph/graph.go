package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/graph/generated"
)

// Resolver is the root of all resolvers.
type Resolver struct {
	hub    Services
	client *ent.Client
}

// New returns the executable schema over the services. Whoever executes it puts
// the viewer into the context and presents the errors.
func New(s Services) graphql.ExecutableSchema {
	r := &Resolver{hub: s, client: s.Store.Client()}
	return schema{ExecutableSchema: generated.NewExecutableSchema(generated.Config{Resolvers: r}), client: r.client}
}

// schema gives every answer loaders of its own, so that one answer reads a thing
// once and the next message of a subscription reads it anew; and it tells the
// reader of a subscription why it ended.
type schema struct {
	graphql.ExecutableSchema
	client *ent.Client
}

func (s schema) Exec(ctx context.Context) graphql.ResponseHandler {
	end := &ending{}
	next := s.ExecutableSchema.Exec(context.WithValue(ctx, endingKey{}, end))
	return func(ctx context.Context) *graphql.Response {
		if response := next(withLoaders(ctx, s.client)); response != nil {
			return response
		}
		return end.respond(ctx)
	}
}
