package gqlexec_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/wedsync/wedsync/server/gqlexec"
	"github.com/wedsync/wedsync/server/internal/gqltest"
)

// refusal returns the code with which the operation is refused, or "" if it may
// run. The schema has no resolvers: what is refused must be refused before.
func refusal(t *testing.T, limits gqlexec.Limits, query string, variables map[string]any) string {
	t.Helper()
	exec := gqlexec.New(gqltest.New(nil, nil), limits, slog.New(slog.DiscardHandler))
	ctx := graphql.StartOperationTrace(t.Context())
	_, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: query, Variables: variables})
	return code(errs)
}

func code(errs gqlerror.List) string {
	if len(errs) == 0 {
		return ""
	}
	c, _ := errs[0].Extensions["code"].(string)
	return c
}

func nested(depth int) string {
	// node { parent { … { id } } } has depth fields on its longest path
	return `{ node(id: "1") {` + strings.Repeat(" parent {", depth-2) + " id " + strings.Repeat("}", depth-2) + "} }"
}

func aliases(n int) string {
	var q strings.Builder
	q.WriteString("{")
	for i := range n {
		fmt.Fprintf(&q, " a%d: __typename", i)
	}
	return q.String() + " }"
}

func TestLimits(t *testing.T) {
	t.Parallel()
	bomb := "query { node(id: 1) { ...f0 } }"
	for i := range 30 {
		bomb += fmt.Sprintf(" fragment f%d on Item { ...f%d ...f%d }", i, i+1, i+1)
	}
	bomb += " fragment f30 on Item { id }"
	introspectionBomb := "{ __schema { types { ...t } } } fragment t on __Type { name " + strings.Repeat("kind ", 2_100) + "}"

	for name, tt := range map[string]struct {
		query     string
		variables map[string]any
		want      string
	}{
		"depth allowed":        {nested(15), nil, ""},
		"too deep":             {nested(16), nil, gqlexec.CodeTooDeep},
		"too deep by fragment": {`{ node(id: 1) { ...f } } fragment f on Item {` + strings.Repeat("parent {", 14) + "id" + strings.Repeat("}", 15), nil, gqlexec.CodeTooDeep},
		"aliases allowed":      {aliases(30), nil, ""},
		"too many aliases":     {aliases(31), nil, gqlexec.CodeManyAliases},
		"aliases by fragment":  {`{ node(id: 1) { ...f parent { ...f } } } fragment f on Item {` + strings.Trim(strings.ReplaceAll(aliases(16), "__typename", "id"), "{}") + "}", nil, gqlexec.CodeManyAliases},

		// 1 + 1 + 100 × (1 + 1 + 97 × 2) = 19,602; one more row of children is 200 more.
		"cost allowed":        {`{ items(first: 100) { nodes { children(first: 97) { nodes { id name } } } } }`, nil, ""},
		"too costly":          {`{ items(first: 100) { nodes { children(first: 100) { nodes { id name } } } } }`, nil, gqlexec.CodeTooCostly},
		"cost by edges":       {`{ items(first: 100) { edges { node { children(first: 100) { edges { node { id } } } } } } }`, nil, gqlexec.CodeTooCostly},
		"cost by variable":    {`query($n: Int) { items(first: $n) { nodes { id } } }`, map[string]any{"n": 30_000}, gqlexec.CodeTooCostly},
		"cost by default":     {`{ items { nodes { children { nodes { children { nodes { id name } } } } } } }`, nil, gqlexec.CodeTooCostly},
		"cost by overflow":    {`{ items(first: 2147483647) { nodes { children(first: 2147483647) { nodes { children(first: 2147483647) { nodes { id } } } } } } }`, nil, gqlexec.CodeTooCostly},
		"cost by plain lists": {`{ items(first: 100) { nodes { children(first: 10) { nodes { tags { name } } } } } }`, nil, ""},
		"cost by ids":         {`query($ids: [ID!]!) { nodes(ids: $ids) { children(first: 100) { nodes { id } } } }`, map[string]any{"ids": ids(200)}, gqlexec.CodeTooCostly},
		"cost within fields":  {`{ items(first: 100) { totalCount pageInfo { endCursor } nodes { id } } }`, nil, ""},
		"negative page":       {`{ items(first: -5) { nodes { id } } }`, nil, ""},
		"fragment bomb":       {bomb, nil, gqlexec.CodeTooCostly},
		"bomb worth nothing":  {strings.Replace(bomb, `node(id: 1) { ...f0 }`, `items(first: 0) { nodes { ...f0 } }`, 1), nil, gqlexec.CodeTooCostly},

		"schema is free":     {graphiqlIntrospection, nil, ""},
		"schema bomb":        {introspectionBomb, nil, gqlexec.CodeIntrospected},
		"long list":          {`query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, map[string]any{"ids": ids(501)}, gqlexec.CodeListTooLong},
		"NUL in a variable":  {`query($id: ID!) { node(id: $id) { id } }`, map[string]any{"id": "a\x00"}, gqlexec.CodeBadInput},
		"NUL in a list":      {`query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, map[string]any{"ids": []any{"\x00"}}, gqlexec.CodeBadInput},
		"NUL in a literal":   {`{ node(id: "a\u0000") { id } }`, nil, gqlexec.CodeBadInput},
		"NUL in braces":      {`{ node(id: "a\u{00}") { id } }`, nil, gqlexec.CodeBadInput},
		"too many tokens":    {"{ " + strings.Repeat("hello ", 5_000) + "}", nil, "GRAPHQL_PARSE_FAILED"},
		"no such field":      {"{ helo }", nil, "GRAPHQL_VALIDATION_FAILED"},
		"cycle of fragments": {"{ node(id: 1) { ...a } } fragment a on Item { ...b } fragment b on Item { ...a }", nil, "GRAPHQL_VALIDATION_FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := refusal(t, gqlexec.DefaultLimits(), tt.query, tt.variables); got != tt.want {
				t.Errorf("refused with %q, want %q", got, tt.want)
			}
		})
	}
}

func ids(n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

// TestALimitHoldsForACachedDocument proves that variables are looked at each time.
func TestALimitHoldsForACachedDocument(t *testing.T) {
	t.Parallel()
	exec := gqlexec.New(gqltest.New(nil, nil), gqlexec.DefaultLimits(), slog.New(slog.DiscardHandler))
	for n, want := range map[int]string{10: "", 20_000: gqlexec.CodeTooCostly} {
		for range 2 {
			_, errs := exec.CreateOperationContext(graphql.StartOperationTrace(context.Background()), &graphql.RawParams{
				Query: `query($n: Int) { items(first: $n) { nodes { id } } }`, Variables: map[string]any{"n": n},
			})
			if got := code(errs); got != want {
				t.Errorf("first: %d: %q, want %q", n, got, want)
			}
		}
	}
}

// graphiqlIntrospection is what GraphiQL asks before anything else.
const graphiqlIntrospection = `
query IntrospectionQuery {
  __schema {
    description
    queryType { name kind } mutationType { name kind } subscriptionType { name kind }
    types { ...FullType }
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }
}`
