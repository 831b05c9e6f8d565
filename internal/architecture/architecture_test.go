package architecture_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/wedsync/wedsync"

// rooms says which rooms of the house each room may import. A room is the first
// path element below the module; a package may always import its own room, but
// for the rules in TestNeighboursDoNotMeet.
var rooms = map[string][]string{
	"cmd":        {"server", "connectors", "ent", "hub", "internal"},
	"server":     {"graph", "workers", "hub", "ent", "connectors", "internal"},
	"graph":      {"hub", "ent", "connectors", "internal"},
	"workers":    {"hub", "ent", "internal"},
	"hub":        {"ent", "connectors", "internal"},
	"ent":        {"internal"},
	"connectors": {},
	"internal":   {"ent"},
}

// onlyImporters says which room alone may import an outside package.
var onlyImporters = map[string]string{
	"github.com/hibiken/asynq":            "workers",
	"github.com/99designs/gqlgen":         "graph server",
	"github.com/gorilla/websocket":        "server internal cmd",
	"github.com/aws/aws-sdk-go-v2":        "connectors",
	"github.com/coreos/go-oidc":           "server",
	"github.com/prometheus/client_golang": "server connectors",
}

type pkg struct {
	ImportPath, Name, Dir              string
	Imports, TestImports, XTestImports []string
}

func (p pkg) room() string {
	first, _, _ := strings.Cut(strings.TrimPrefix(p.ImportPath, module+"/"), "/")
	return first
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Name,Dir,Imports,TestImports,XTestImports", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 20 {
		t.Fatalf("go list found only %d packages", len(all))
	}
	return all
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		allowed, known := rooms[p.room()]
		if !known {
			t.Errorf("%s is in a room that the architecture does not know", p.ImportPath)
		}
		for _, i := range p.Imports {
			rest, ours := strings.CutPrefix(i, module+"/")
			room, _, _ := strings.Cut(rest, "/")
			if ours && room != p.room() && !slices.Contains(allowed, room) {
				t.Errorf("%s imports %s: %s may import only %v", p.ImportPath, i, p.room(), allowed)
			}
		}
	}
}

// TestNeighboursDoNotMeet keeps capabilities and vendors apart: those meet
// through interfaces of the one who needs them, these never.
func TestNeighboursDoNotMeet(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			if a, b := below(p.ImportPath, "hub"), below(i, "hub"); a != "" && b != "" && a != b {
				t.Errorf("capability %s imports capability %s", p.ImportPath, i)
			}
			if a, b := vendor(p.ImportPath), vendor(i); a != "" && b != "" && a != b {
				t.Errorf("vendor %s imports vendor %s", p.ImportPath, i)
			}
		}
		if p.ImportPath == module+"/hub" {
			for _, i := range p.Imports {
				if below(i, "hub") != "" {
					t.Errorf("package hub imports %s, which builds on it", i)
				}
			}
		}
	}
}

// below returns the first path element of a package below a room, or "".
func below(importPath, room string) string {
	rest, ok := strings.CutPrefix(importPath, module+"/"+room+"/")
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

// shared are the folders of connectors that are no vendor.
var shared = []string{"catalog", "connectortest", "decorate", "retry", "ratelimit", "trace", "fault", "memory"}

func vendor(importPath string) string {
	v := below(importPath, "connectors")
	if slices.Contains(shared, v) {
		return ""
	}
	return v
}

func TestOutsideLibrariesStayInTheirRooms(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			for library, allowed := range onlyImporters {
				if (i == library || strings.HasPrefix(i, library+"/")) && !slices.Contains(strings.Fields(allowed), p.room()) {
					t.Errorf("%s imports %s, which belongs to %s alone", p.ImportPath, i, allowed)
				}
			}
			if i == "net/http" && p.room() == "hub" && p.Name != "connection" {
				t.Errorf("%s imports net/http: capabilities know no HTTP", p.ImportPath)
			}
		}
	}
}

func TestPackagesAreCalledByTheirPurpose(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if slices.Contains([]string{"util", "utils", "common", "helpers", "types", "misc"}, path.Base(p.ImportPath)) {
			t.Errorf("%s: the name says nothing of the purpose", p.ImportPath)
		}
	}
}
