package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/wedsync/wedsync/internal/id"
	"github.com/wedsync/wedsync/internal/testenv"
)

// The probe below is made from the schema: it asks for everything with the ids of
// another organization. What it cannot know it is told here, by name; a field or
// argument that nobody told it of makes it fail.

// kinds says which thing an argument or input field is the id of.
func kinds() map[string]id.Prefix {
	return map[string]id.Prefix{
		"weddingId": id.Wedding, "syncId": id.Sync, "runId": id.Run, "planId": id.Run, "targetId": id.Target,
		"sourceId": id.Connection, "connectionId": id.Connection, "subjectId": id.File,
	}
}

// kindOf says which thing the argument "id" of a query or mutation names.
func kindOf(field string) (id.Prefix, bool) {
	for prefix, kind := range map[string]id.Prefix{
		"connection": id.Connection, "wedding": id.Wedding, "sync": id.Sync, "run": id.Run, "file": id.File,
		"conflict": id.Conflict, "member": id.Membership, "token": id.Token,
	} {
		if strings.HasPrefix(field, prefix) {
			return kind, true
		}
	}
	return "", false
}

// harmless are values for arguments and input fields that are no ids.
func harmless() map[string]any {
	return map[string]any{
		"first": 5, "name": "probe", "date": "2026-06-20", "timeZone": "UTC", "email": "probe@example.org",
		"role": "VIEWER", "provider": "memory", "settings": map[string]any{"store": "probe"}, "choice": "SOURCE",
		"path": "out", "sourcePath": "in",
	}
}

// left are optional arguments and input fields that the probe leaves out.
func left() []string {
	return []string{
		"after", "archived", "deleted", "pathPrefix", "state", "states", "kinds", "types", "idempotencyKey", "secrets",
		"region", "expiresAt", "mode", "include", "exclude", "verification", "conflictStrategy", "deleteMode",
		"maxDeletePercent", "allowEmptySource", "priority",
	}
}

// probe asks on behalf of nobody in particular for what belongs to owner.
type probe struct {
	t      *testing.T
	schema *ast.Schema
	owner  *studio
	// own is asked for instead of owner in every id but the one called foreign, if
	// that is set.
	own     *studio
	foreign string
}

func (p *probe) idOf(name string, kind id.Prefix) string {
	from := p.owner
	if p.foreign != "" && name != p.foreign {
		from = p.own
	}
	return from.ids[kind]
}

// value is what to send for an argument or input field; ok is false to leave it
// out.
func (p *probe) value(owner, name string, t *ast.Type) (v any, ok bool) {
	if def := p.schema.Types[t.Name()]; def.Kind == ast.InputObject {
		object := p.object(owner, def)
		if t.Elem != nil {
			return []any{object}, true
		}
		return object, true
	}
	if kind, known := kinds()[name]; known {
		return p.idOf(name, kind), true
	}
	if kind, known := kindOf(owner); known && name == "id" && t.Name() == "ID" {
		return p.idOf(name, kind), true
	}
	if slices.Contains(left(), name) && !t.NonNull {
		return nil, false
	}
	if v, known := harmless()[name]; known {
		return v, true
	}
	if slices.Contains(left(), name) {
		return nil, false // it has a default
	}
	p.t.Errorf("nobody said what the probe shall send for %s(%s: %s)", owner, name, t)
	return nil, false
}

func (p *probe) object(owner string, def *ast.Definition) map[string]any {
	out := map[string]any{}
	for _, f := range def.Fields {
		if v, ok := p.value(owner, f.Name, f.Type); ok {
			out[f.Name] = v
		}
	}
	return out
}

// arguments are the field's, as literals.
func (p *probe) arguments(f *ast.FieldDefinition) string {
	var out []string
	for _, a := range f.Arguments {
		if v, ok := p.value(f.Name, a.Name, a.Type); ok {
			out = append(out, a.Name+": "+literal(p.schema, a.Type, v))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "(" + strings.Join(out, ", ") + ")"
}

// literal writes a value as GraphQL does.
func literal(schema *ast.Schema, t *ast.Type, v any) string {
	def := schema.Types[t.Name()]
	switch v := v.(type) {
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = literal(schema, t.Elem, item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		var fields []string
		for name, value := range v {
			field := &ast.Type{NamedType: "String"}
			if f := def.Fields.ForName(name); f != nil {
				field = f.Type
			}
			fields = append(fields, name+": "+literal(schema, field, value))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case string:
		if def.Kind == ast.Enum {
			return v
		}
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(v)
}

// selection asks for everything of the type, so deep.
func (p *probe) selection(t *ast.Type, depth int) string {
	def := p.schema.Types[t.Name()]
	switch def.Kind {
	case ast.Scalar, ast.Enum:
		return ""
	case ast.Interface:
		out := "{ __typename"
		for _, possible := range p.schema.PossibleTypes[def.Name] {
			out += " ... on " + possible.Name + p.fields(possible, depth)
		}
		return out + " }"
	}
	return p.fields(def, depth)
}

func (p *probe) fields(def *ast.Definition, depth int) string {
	out := "{ __typename"
	for _, f := range fieldsOf(def) {
		leaf := typeKind(p.schema, f.Type) == ast.Scalar || typeKind(p.schema, f.Type) == ast.Enum
		if !leaf && depth == 0 {
			continue
		}
		// Types that share a field's name may differ in its type.
		out += fmt.Sprintf(" %s_%s: %s%s", strings.ToLower(def.Name), f.Name, f.Name, p.arguments(f))
		if !leaf {
			out += p.selection(f.Type, depth-1)
		}
	}
	return out + " }"
}

// pair is two studios of one hub, each with one of everything.
type pair struct {
	*api
	mine, theirs *studio
}

func studios(t *testing.T, p testenv.Pair) pair {
	t.Helper()
	a := start(t, p)
	return pair{api: a, mine: found(t, p, a, "minemine"), theirs: found(t, p, a, "theirsecret")}
}

func (p pair) noLeak(t *testing.T, what string, got answer) {
	t.Helper()
	if strings.Contains(strings.ToLower(got.Raw+got.Errors.Error()), p.theirs.mark) {
		t.Errorf("%s leaks: %.2000s", what, got.Raw)
	}
}

func TestQueriesDoNotReachOtherOrganizations(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		p := studios(t, env)
		schema := sdl()
		for _, f := range fieldsOf(schema.Query) {
			if f.Name == "node" || f.Name == "nodes" || f.Name == "provider" {
				continue // see below; providers belong to nobody
			}
			asks := &probe{t: t, schema: schema, owner: p.theirs}
			query := "{ " + f.Name + asks.arguments(f) + asks.selection(f.Type, 3) + " }"
			got := p.do(p.mine.ctx, query, nil)
			p.noLeak(t, f.Name, got)
			if len(got.Errors) > 0 {
				t.Errorf("%s: %v", f.Name, got.Errors)
			}
			if f.Arguments.ForName("id") != nil && got.Data[f.Name] != nil {
				t.Errorf("%s is there: %v", f.Name, got.Data[f.Name])
			}
			if hasID(f) && f.Arguments.ForName("first") != nil {
				if nodes := got.Data[f.Name].(map[string]any)[strings.ToLower(f.Type.Name())+"_nodes"].([]any); len(nodes) > 0 {
					t.Errorf("%s lists %v", f.Name, nodes)
				}
			}
			// The same query of those to whom it belongs shows that it asks for something.
			own := p.do(p.theirs.ctx, query, nil)
			if len(own.Errors) > 0 || f.Name != "providers" && !strings.Contains(own.Raw, p.theirs.mark) {
				t.Errorf("%s shows nothing to its owner: %v %.300s", f.Name, own.Errors, own.Raw)
			}
		}
	})
}

func hasID(f *ast.FieldDefinition) bool {
	return slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool {
		_, known := kinds()[a.Name]
		return known
	})
}

func TestNodesDoNotReachOtherOrganizations(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		p := studios(t, env)
		schema := sdl()
		asks := &probe{t: t, schema: schema, owner: p.theirs}
		all := asks.selection(schema.Query.Fields.ForName("node").Type, 2)
		seen := map[string]bool{}
		var ids []any
		for kind, nodeID := range p.theirs.ids {
			ids = append(ids, nodeID)
			query := fmt.Sprintf("{ node(id: %q) %s }", nodeID, all)
			if got := p.do(p.mine.ctx, query, nil); len(got.Errors) > 0 || got.Data["node"] != nil {
				t.Errorf("%s is there for others: %v %v", kind, got.Data, got.Errors)
			}
			own := p.do(p.theirs.ctx, query, nil)
			node, ok := own.Data["node"].(map[string]any)
			if len(own.Errors) > 0 || !ok {
				t.Fatalf("%s is not there for its owner: %v", kind, own.Errors)
			}
			seen[node["__typename"].(string)] = true
		}
		for _, possible := range schema.PossibleTypes["Node"] {
			if !seen[possible.Name] {
				t.Errorf("no studio has a %s to probe", possible.Name)
			}
		}
		got := p.do(p.mine.ctx, "query($ids: [ID!]!) { nodes(ids: $ids) "+all+" }", map[string]any{"ids": ids})
		p.noLeak(t, "nodes", got)
		for i, n := range got.Data["nodes"].([]any) {
			if n != nil {
				t.Errorf("nodes shows %v", ids[i])
			}
		}
	})
}

// inputIDs are the input's fields that are ids, those of its lists included.
func inputIDs(schema *ast.Schema, mutation string, def *ast.Definition) []string {
	var out []string
	for _, f := range def.Fields {
		_, known := kinds()[f.Name]
		if _, named := kindOf(mutation); known || named && f.Name == "id" {
			out = append(out, f.Name)
		}
		if inner := schema.Types[f.Type.Name()]; inner.Kind == ast.InputObject {
			out = append(out, inputIDs(schema, "", inner)...)
		}
	}
	return out
}

func TestMutationsDoNotReachOtherOrganizations(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		p := studios(t, env)
		schema := sdl()
		before := p.theirs.rows(t, p.client)
		for _, f := range fieldsOf(schema.Mutation) {
			input := schema.Types[f.Arguments.ForName("input").Type.Name()]
			for _, foreign := range inputIDs(schema, f.Name, input) {
				asks := &probe{t: t, schema: schema, owner: p.theirs, own: p.mine, foreign: foreign}
				query := "mutation { " + f.Name + asks.arguments(f) + asks.selection(f.Type, 3) + " }"
				got := p.do(p.mine.ctx, query, nil)
				what := f.Name + " with a foreign " + foreign
				p.noLeak(t, what, got)
				if len(got.Errors) > 0 {
					t.Errorf("%s: %v", what, got.Errors)
					continue
				}
				if !strings.Contains(got.Raw, `"NOT_FOUND"`) {
					t.Errorf("%s is not refused as not found: %.300s", what, got.Raw)
				}
			}
			// What takes no id can reach others all the less.
			asks := &probe{t: t, schema: schema, owner: p.mine}
			if len(inputIDs(schema, f.Name, input)) == 0 {
				p.noLeak(t, f.Name, p.do(p.mine.ctx, "mutation { "+f.Name+asks.arguments(f)+asks.selection(f.Type, 3)+" }", nil))
			}
		}
		if after := p.theirs.rows(t, p.client); after != before {
			t.Errorf("rows of another organization changed:\n%s\n%s", before, after)
		}
	})
}

func TestSubscriptionsDoNotReachOtherOrganizations(t *testing.T) {
	t.Parallel()
	testenv.Pairs(t, func(t *testing.T, env testenv.Pair) {
		p := studios(t, env)
		schema := sdl()
		for _, f := range fieldsOf(schema.Subscription) {
			asks := &probe{t: t, schema: schema, owner: p.theirs}
			got := next(t, p.subscribe(p.mine.ctx, "subscription { "+f.Name+asks.arguments(f)+asks.selection(f.Type, 2)+" }", nil))
			p.noLeak(t, f.Name, got)
			if len(got.Errors) != 1 || !strings.Contains(got.Errors.Error(), "there is no") {
				t.Errorf("%s: %v %s", f.Name, got.Errors, got.Raw)
			}
		}
		// What happens in one organization is not heard in another.
		heard := p.subscribe(p.mine.ctx, `subscription($after: Cursor) { events(after: $after) { type subjectId data } }`,
			map[string]any{"after": "IzA"})
		for _, s := range []*studio{p.theirs, p.mine} {
			s.addEvent(t, p.api, p.client)
		}
		for range 2 {
			got := next(t, heard)
			p.noLeak(t, "events", got)
			if len(got.Errors) > 0 || !strings.Contains(got.Raw, p.mine.ids[id.File]) {
				t.Errorf("heard %s %v", got.Raw, got.Errors)
			}
		}
	})
}
