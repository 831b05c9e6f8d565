package graph_test

import (
	goast "go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/connectors/catalog"
	"github.com/wedsync/wedsync/ent/migrate"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/graph/generated"
)

// sdl is the schema as it is served.
func sdl() *ast.Schema { return generated.NewExecutableSchema(generated.Config{}).Schema() }

// ours are the definitions that are not GraphQL's own, in a stable order.
func ours() []*ast.Definition {
	var out []*ast.Definition
	for _, d := range sdl().Types {
		if !d.BuiltIn {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// fieldsOf are a definition's fields without introspection's.
func fieldsOf(d *ast.Definition) []*ast.FieldDefinition {
	return slices.DeleteFunc(slices.Clone(d.Fields), func(f *ast.FieldDefinition) bool { return strings.HasPrefix(f.Name, "__") })
}

func TestEverythingIsDescribed(t *testing.T) {
	t.Parallel()
	described := func(what, description string) {
		if strings.TrimSpace(description) == "" {
			t.Errorf("%s has no description", what)
		}
	}
	for _, d := range ours() {
		described(d.Name, d.Description)
		for _, f := range fieldsOf(d) {
			described(d.Name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				described(d.Name+"."+f.Name+"("+a.Name+")", a.Description)
			}
		}
		for _, v := range d.EnumValues {
			described(d.Name+"."+v.Name, v.Description)
		}
	}
}

func TestMutationsHaveOneShape(t *testing.T) {
	t.Parallel()
	schema := sdl()
	for _, m := range fieldsOf(schema.Mutation) {
		input := m.Arguments.ForName("input")
		if len(m.Arguments) != 1 || input == nil || !input.Type.NonNull {
			t.Errorf("%s does not take exactly one input!", m.Name)
			continue
		}
		title := strings.ToUpper(m.Name[:1]) + m.Name[1:]
		if input.Type.Name() != title+"Input" || m.Type.Name() != title+"Payload" || !m.Type.NonNull {
			t.Errorf("%s(%s): %s", m.Name, input.Type, m.Type)
		}
		payload := schema.Types[m.Type.Name()]
		if f := payload.Fields.ForName("userErrors"); f == nil || f.Type.String() != "[UserError!]!" {
			t.Errorf("%s reports no userErrors", m.Name)
		}
		for _, f := range payload.Fields {
			if list := f.Type.Elem != nil; !list && f.Type.NonNull {
				t.Errorf("%s.%s must be null when the mutation fails", payload.Name, f.Name)
			}
		}
	}
}

// repeatable are the mutations that may be sent twice as they are: they set
// something to a value, or end something.
func repeatable() []string {
	return []string{
		"organizationUpdate", "memberUpdate", "memberRemove", "tokenRevoke", "connectionUpdate", "connectionDisconnect",
		"weddingUpdate", "weddingArchive", "syncUpdate", "syncArchive", "syncPause", "syncCancel",
	}
}

func TestWhateverMakesOrStartsSomethingTakesAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	schema := sdl()
	for _, m := range fieldsOf(schema.Mutation) {
		input := schema.Types[m.Arguments.ForName("input").Type.Name()]
		has := input.Fields.ForName("idempotencyKey") != nil
		if needs := !slices.Contains(repeatable(), m.Name); has != needs {
			t.Errorf("%s: takes an idempotency key: %v, needs one: %v", m.Name, has, needs)
		}
	}
}

func TestListsArePagedAlike(t *testing.T) {
	t.Parallel()
	for _, d := range ours() {
		for _, f := range fieldsOf(d) {
			paged := f.Type.Name() != "Connection" && strings.HasSuffix(f.Type.Name(), "Connection")
			first, after := f.Arguments.ForName("first"), f.Arguments.ForName("after")
			if paged != (first != nil) {
				t.Errorf("%s.%s: a page without first, or first without a page", d.Name, f.Name)
			}
			if !paged {
				continue
			}
			if first.Type.String() != "Int!" || first.DefaultValue.String() != "25" || after == nil || after.Type.String() != "Cursor" {
				t.Errorf("%s.%s is paged in its own way", d.Name, f.Name)
			}
			page := sdl().Types[f.Type.Name()]
			for _, name := range []string{"edges", "nodes", "pageInfo", "totalCount"} {
				if page.Fields.ForName(name) == nil {
					t.Errorf("%s has no %s", page.Name, name)
				}
			}
		}
	}
}

// enumOf says under which name the schema shows each enumeration of the data
// model; "" is one that it does not show.
func enumOf() map[string]string {
	return map[string]string{
		"conflicts.kind":          "ConflictKind",
		"conflicts.state":         "ConflictState",
		"conflicts.resolution":    "ConflictResolution",
		"connections.state":       "ConnectionState",
		"jobs.priority":           "",
		"jobs.state":              "",
		"memberships.role":        "MemberRole",
		"replicas.verified":       "Verification",
		"sessions.kind":           "",
		"sync_runs.state":         "RunState",
		"sync_runs.trigger":       "RunTrigger",
		"syncs.conflict_strategy": "ConflictStrategy",
		"syncs.delete_mode":       "DeleteMode",
		"syncs.mode":              "SyncMode",
		"syncs.priority":          "Priority",
		"syncs.verification":      "Verification",
		"tokens.role":             "MemberRole",
		"transfers.kind":          "TransferKind",
		"transfers.state":         "TransferState",
		"transfers.verified":      "Verification",
	}
}

func enumValues(t *testing.T, name string) []string {
	t.Helper()
	d := sdl().Types[name]
	if d == nil || d.Kind != ast.Enum {
		t.Fatalf("the schema has no enum %s", name)
	}
	var out []string
	for _, v := range d.EnumValues {
		out = append(out, v.Name)
	}
	return out
}

func TestEnumsOfTheDataModelAreMirrored(t *testing.T) {
	t.Parallel()
	known := enumOf()
	for _, table := range migrate.Tables {
		for _, c := range table.Columns {
			if len(c.Enums) == 0 {
				continue
			}
			column := table.Name + "." + c.Name
			name, ok := known[column]
			if !ok {
				t.Errorf("nobody said how the schema shows %s", column)
			}
			if ok && name != "" {
				if got := enumValues(t, name); !slices.Equal(got, c.Enums) {
					t.Errorf("%s is %v, %s is %v", name, got, column, c.Enums)
				}
			}
		}
	}
}

func texts[S ~string](in []S) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = string(s)
	}
	return out
}

func TestEnumsOfTheConnectorsAreMirrored(t *testing.T) {
	t.Parallel()
	if got, want := enumValues(t, "ProviderRoleName"), texts(connectors.Roles()); !slices.Equal(got, want) {
		t.Errorf("roles are %v, want %v", got, want)
	}
	if got, want := enumValues(t, "MemberRole"), texts(rule.Roles()); !slices.Equal(got, want) {
		t.Errorf("member roles are %v, want %v", got, want)
	}
	for _, v := range catalog.New().Vendors() {
		d := v.Descriptor()
		for name, values := range map[string][]string{
			"ProviderCategory": {string(d.Category)},
			"AuthScheme":       {string(d.Auth)},
			"HashAlgorithm":    texts(d.Hashes),
		} {
			for _, value := range values {
				if !slices.Contains(enumValues(t, name), value) {
					t.Errorf("%s has %q, which %s lacks", d.Name, value, name)
				}
			}
		}
	}
}

func TestEveryCodeOfTheHubIsInTheSchema(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, "../hub/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	goast.Inspect(parsed, func(n goast.Node) bool {
		spec, ok := n.(*goast.ValueSpec)
		if ok && strings.HasPrefix(spec.Names[0].Name, "Code") {
			code, err := strconv.Unquote(spec.Values[0].(*goast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, code)
		}
		return true
	})
	if got := enumValues(t, "UserErrorCode"); !slices.Equal(got, codes) {
		t.Errorf("the schema has %v, package hub %v", got, codes)
	}
}
