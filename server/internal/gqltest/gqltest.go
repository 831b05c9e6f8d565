// Package gqltest is a small GraphQL schema without generated code, for tests of
// the transports and limits: fields are resolved by functions that the test gives.
package gqltest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// SDL is the schema.
const SDL = `
type Query {
  hello(name: String): String
  fail: String
  items(first: Int = 25, after: String): ItemConnection
  node(id: ID!): Item
  nodes(ids: [ID!]!): [Item]
}
type Item { id: ID! name: String children(first: Int, after: String): ItemConnection tags: [Tag!]! parent: Item }
type Tag { name: String }
type ItemConnection { edges: [ItemEdge!]! nodes: [Item!]! pageInfo: PageInfo! totalCount: Int! }
type ItemEdge { cursor: String! node: Item! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type Mutation { touch(id: ID): String }
type Subscription { count(to: Int! = 3): Int events(after: String): Event broken: Int forever: Int }
type Event { cursor: String! text: String! }
`

// Resolver resolves a field of Query or Mutation. A value with fields of its own
// is a map[string]any.
type Resolver func(ctx context.Context, args map[string]any) (any, error)

// Stream resolves a field of Subscription. The stream ends when the channel is
// closed.
type Stream func(ctx context.Context, args map[string]any) (<-chan any, error)

// Schema is an executable schema over the functions.
type Schema struct {
	Resolvers map[string]Resolver
	Streams   map[string]Stream
	schema    *ast.Schema
}

// New returns a schema with the functions, keyed by the name of the root field.
func New(resolvers map[string]Resolver, streams map[string]Stream) *Schema {
	return &Schema{
		Resolvers: resolvers, Streams: streams,
		schema: gqlparser.MustLoadSchema(&ast.Source{Name: "test.graphqls", Input: SDL}),
	}
}

// Schema returns the type system.
func (s *Schema) Schema() *ast.Schema { return s.schema }

// Complexity says that the schema has no opinion.
func (*Schema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// Exec runs the operation of the context.
func (s *Schema) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, nil)
	if op.Operation.Operation == ast.Subscription {
		return s.stream(ctx, op, fields[0])
	}
	done := false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		data := s.object(ctx, op, fields, nil)
		return &graphql.Response{Data: data}
	}
}

func (s *Schema) stream(ctx context.Context, op *graphql.OperationContext, f graphql.CollectedField) graphql.ResponseHandler {
	values, err := s.Streams[f.Name](ctx, f.ArgumentMap(op.Variables))
	if err != nil {
		graphql.AddError(ctx, err)
		return nil
	}
	return func(ctx context.Context) *graphql.Response {
		select {
		case v, ok := <-values:
			if !ok {
				return nil
			}
			return &graphql.Response{Data: s.object(ctx, op, []graphql.CollectedField{f}, map[string]any{f.Name: v})}
		case <-ctx.Done():
			return nil
		}
	}
}

// object encodes the fields, taken from values or, where that is nil, from the
// resolvers.
func (s *Schema) object(ctx context.Context, op *graphql.OperationContext, fields []graphql.CollectedField, values map[string]any) json.RawMessage {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%q:", f.Alias)
		out.Write(s.value(ctx, op, f, values))
	}
	out.WriteByte('}')
	return out.Bytes()
}

func (s *Schema) value(ctx context.Context, op *graphql.OperationContext, f graphql.CollectedField, values map[string]any) json.RawMessage {
	v, err := s.resolve(ctx, op, f, values)
	if err != nil {
		graphql.AddError(ctx, err)
		return json.RawMessage("null")
	}
	if nested, ok := v.(map[string]any); ok {
		return s.object(ctx, op, graphql.CollectFields(op, f.Selections, nil), nested)
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		graphql.AddError(ctx, err)
		return json.RawMessage("null")
	}
	return encoded
}

func (s *Schema) resolve(ctx context.Context, op *graphql.OperationContext, f graphql.CollectedField, values map[string]any) (v any, err error) {
	if values != nil {
		return values[f.Name], nil
	}
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{
		Object: f.ObjectDefinition.Name, Field: f, Args: f.ArgumentMap(op.Variables), IsResolver: true,
	})
	defer func() {
		if p := recover(); p != nil {
			err = graphql.Recover(ctx, p)
		}
	}()
	switch f.Name {
	case "__typename":
		return f.ObjectDefinition.Name, nil
	case "__type", "__schema":
		return nil, nil
	}
	if r, ok := s.Resolvers[f.Name]; ok {
		return r(ctx, f.ArgumentMap(op.Variables))
	}
	return nil, nil
}
