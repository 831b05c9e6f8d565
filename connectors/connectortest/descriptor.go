package connectortest

import (
	"slices"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/connectors"
)

// testDescriptor proves that what the vendor says and what it does agree, both
// ways.
func (s suite) testDescriptor(t *testing.T) {
	d := s.Vendor.Descriptor()
	if d.Provider == "" || d.Provider != strings.ToLower(d.Provider) || d.Name == "" || d.Category == "" || d.Auth == "" {
		t.Errorf("Provider (lower case), Name, Category and Auth are required: %+v", d)
	}
	var roles []connectors.Role
	conn := s.Open(t)
	for _, r := range d.Roles {
		roles = append(roles, r.Role)
		if !r.Supported && strings.TrimSpace(r.Reason) == "" {
			t.Errorf("role %s is not supported and no reason is given", r.Role)
		}
		if has := connectors.Implements(conn, r.Role); has != r.Supported {
			t.Errorf("role %s: the descriptor says %t, the connection implements it: %t", r.Role, r.Supported, has)
		}
	}
	if !slices.Equal(roles, connectors.Roles()) {
		t.Errorf("the descriptor lists the roles %v, want each of %v once and in this order", roles, connectors.Roles())
	}
	for _, a := range d.Hashes {
		if _, err := a.New(); err != nil {
			t.Errorf("descriptor: %v", err)
		}
	}
	checkSettings(t, d)
}

func checkSettings(t *testing.T, d connectors.Descriptor) {
	seen := map[string]bool{}
	for _, s := range d.Settings {
		if s.Name == "" || s.Label == "" || s.Help == "" {
			t.Errorf("setting %q: Name, Label and Help are required", s.Name)
		}
		if seen[s.Name] {
			t.Errorf("setting %q is declared twice", s.Name)
		}
		seen[s.Name] = true
		if s.Default != "" && len(s.Choices) > 0 && !slices.Contains(s.Choices, s.Default) {
			t.Errorf("setting %q: the default %q is none of the choices", s.Name, s.Default)
		}
		if s.Secret && s.Default != "" {
			t.Errorf("setting %q is a secret with a default", s.Name)
		}
	}
}

// testConnection proves that settings are checked at the door and that an empty
// store works.
func (s suite) testConnection(t *testing.T) {
	t.Run("RequiredSettings", func(t *testing.T) {
		t.Parallel()
		for _, set := range s.Vendor.Descriptor().Settings {
			if !set.Required {
				continue
			}
			_, err := s.Vendor.Open(t.Context(), connectors.Config{})
			if !connectors.Is(err, connectors.Invalid) {
				t.Fatalf("Open without the required settings: %v, want Invalid", err)
			}
			break
		}
	})
	s.run(t, "CheckEmpty", func(t *test) {
		if err := t.conn.Check(t.ctx); err != nil {
			t.Fatalf("Check of an empty store: %v", err)
		}
	})
	s.run(t, "NamesRefuseTheImpossible", func(t *test) {
		for _, path := range []string{"", "/abs", "a//b", "a/", "./a", "a/..", "../a", "a/../../b", "a\x00b", "bad\xff"} {
			if t.conn.Names().Check(path) == "" {
				t.Errorf("Names().Check(%q) accepts it", path)
			}
		}
	})
}
