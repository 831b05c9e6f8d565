package gqlexec

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Codes of refused operations in extensions.code.
const (
	CodeTooDeep      = "DEPTH_LIMIT_EXCEEDED"
	CodeManyAliases  = "ALIAS_LIMIT_EXCEEDED"
	CodeTooCostly    = "COST_LIMIT_EXCEEDED"
	CodeListTooLong  = "LIST_LIMIT_EXCEEDED"
	CodeIntrospected = "INTROSPECTION_LIMIT_EXCEEDED"
)

// Limits bound what one operation may ask for. All are checked before anything
// runs.
type Limits struct {
	// Tokens bounds the document's length as the parser counts it.
	Tokens int
	// Depth bounds how deep fields nest.
	Depth int
	// Aliases bounds the fields that are asked for under another name.
	Aliases int
	// Cost bounds the fields that can be in the answer: each counts once for every
	// entry that the lists above it may have.
	Cost int
	// Introspection bounds the fields asked of the schema itself, which cost
	// nothing otherwise.
	Introspection int
	// List bounds the length of any list in the variables.
	List int
}

// DefaultLimits let through what the portal, GraphiQL and a program that pages
// sensibly ask for.
func DefaultLimits() Limits {
	return Limits{Tokens: 5_000, Depth: 15, Aliases: 30, Cost: 20_000, Introspection: 2_000, List: 500}
}

const (
	// defaultPage is what a connection without an argument costs.
	defaultPage = 25
	// plainList is what a list that does not page costs.
	plainList = 10
)

// limiter is the gqlgen extension that enforces the limits.
type limiter struct {
	Limits
	// nul finds the ways to spell U+0000 in a document. It also finds escapes that
	// the parser would not decode, whose loss costs nobody anything.
	nul *regexp.Regexp
}

func newLimiter(l Limits) limiter {
	return limiter{l, regexp.MustCompile(`\x00|\\u(0000|\{0+\})`)}
}

func (limiter) ExtensionName() string { return "Limits" }

func (limiter) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext refuses the operation or leaves it alone.
func (l limiter) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	in := input{}
	in.look(op.Variables)
	switch {
	case in.longest > l.List:
		return refuse(CodeListTooLong, "a list in the variables has %d entries; at most %d are allowed", in.longest, l.List)
	case in.nul || l.nul.MatchString(op.RawQuery):
		// No name, path or id has one, and PostgreSQL cannot hold it.
		return refuse(CodeBadInput, "text must not contain the character U+0000")
	}
	w := walker{limits: l.Limits, op: op}
	cost := w.selections(op.Operation.SelectionSet, 1, 1)
	if w.refused == nil && cost > l.Cost {
		w.tooCostly()
	}
	return w.refused
}

func refuse(code, format string, args ...any) *gqlerror.Error {
	return &gqlerror.Error{Message: fmt.Sprintf(format, args...), Extensions: map[string]any{"code": code}}
}

// walker adds up an operation as it would be executed, fragments expanded. It
// stops at the first limit reached, so that fragments which multiply each other
// cannot keep it busy.
type walker struct {
	limits       Limits
	op           *graphql.OperationContext
	aliases      int
	visited      int
	introspected int
	refused      *gqlerror.Error
}

// selections returns the cost of the set. page is how many entries the list that
// a connection holds may have.
func (w *walker) selections(set ast.SelectionSet, depth, page int) int {
	cost := 0
	for _, selection := range set {
		if w.refused != nil {
			return 0
		}
		switch s := selection.(type) {
		case *ast.Field:
			cost = add(cost, w.field(s, depth, page))
		case *ast.InlineFragment:
			cost = add(cost, w.selections(s.SelectionSet, depth, page))
		case *ast.FragmentSpread:
			cost = add(cost, w.selections(s.Definition.SelectionSet, depth, page))
		}
	}
	return cost
}

func (w *walker) field(f *ast.Field, depth, page int) int {
	if depth > w.limits.Depth {
		w.refused = refuse(CodeTooDeep, "fields nest deeper than %d", w.limits.Depth)
		return 0
	}
	if f.Alias != f.Name {
		w.aliases++
	}
	if w.aliases > w.limits.Aliases {
		w.refused = refuse(CodeManyAliases, "more than %d aliases", w.limits.Aliases)
		return 0
	}
	if f.Name == "__schema" || f.Name == "__type" {
		w.introspect(f.SelectionSet)
		return 0
	}
	// The walk itself is work: every field visited counts even where a multiplier
	// of zero would make it free.
	if w.visited++; w.visited > w.limits.Cost {
		w.tooCostly()
		return 0
	}
	times, page := w.multiplier(f, page)
	return add(1, multiply(times, w.selections(f.SelectionSet, depth+1, page)))
}

// multiplier returns how often the field's children can be in the answer, and the
// size of the page if the field is a connection, whose entries multiply.
func (w *walker) multiplier(f *ast.Field, page int) (times, childPage int) {
	if f.Definition.Arguments.ForName("first") != nil {
		return 1, w.first(f)
	}
	if f.Definition.Type.Elem == nil {
		return 1, 1
	}
	entries := f.Name == "edges" || f.Name == "nodes"
	if entries && f.ObjectDefinition.Fields.ForName("pageInfo") != nil {
		return page, 1
	}
	if ids, ok := f.ArgumentMap(w.op.Variables)["ids"].([]any); ok {
		return len(ids), 1
	}
	return plainList, 1
}

func (w *walker) first(f *ast.Field) int {
	switch n := f.ArgumentMap(w.op.Variables)["first"].(type) {
	case int64:
		return clamp(n)
	case int:
		return clamp(int64(n))
	case json.Number:
		if n, err := n.Int64(); err == nil {
			return clamp(n)
		}
	}
	return defaultPage
}

// introspect counts the fields below __schema and __type.
func (w *walker) introspect(set ast.SelectionSet) {
	for _, selection := range set {
		if w.refused != nil {
			return
		}
		if w.introspected++; w.introspected > w.limits.Introspection {
			w.refused = refuse(CodeIntrospected, "more than %d fields of the schema are asked for", w.limits.Introspection)
			return
		}
		switch s := selection.(type) {
		case *ast.Field:
			w.introspect(s.SelectionSet)
		case *ast.InlineFragment:
			w.introspect(s.SelectionSet)
		case *ast.FragmentSpread:
			w.introspect(s.Definition.SelectionSet)
		}
	}
}

func (w *walker) tooCostly() {
	w.refused = refuse(CodeTooCostly, "the operation costs more than %d: ask for fewer fields or smaller pages", w.limits.Cost)
}

// clamp keeps a page size inside what sums and products can take.
func clamp(n int64) int { return int(min(max(n, 0), math.MaxInt32)) }

func add(a, b int) int { return min(a+b, math.MaxInt32) }

func multiply(a, b int) int { return int(min(int64(a)*int64(b), math.MaxInt32)) }

// input is what was seen of the variables.
type input struct {
	longest int
	nul     bool
}

func (in *input) look(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, child := range v {
			in.look(key)
			in.look(child)
		}
	case []any:
		in.longest = max(in.longest, len(v))
		for _, child := range v {
			in.look(child)
		}
	case string:
		in.nul = in.nul || strings.ContainsRune(v, 0)
	}
}
