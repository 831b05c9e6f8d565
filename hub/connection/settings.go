package connection

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/hub"
)

// maxSetting bounds a value in bytes; the longest known are private keys.
const maxSetting = 8 << 10

// values are what somebody connects with.
type values struct {
	settings map[string]string
	secrets  map[string]string
}

// merged returns v with the changes of other; an empty value takes one away.
func (v values) merged(other values) values {
	return values{settings: merge(v.settings, other.settings), secrets: merge(v.secrets, other.secrets)}
}

func merge(old, changes map[string]string) map[string]string {
	out := make(map[string]string, len(old)+len(changes))
	maps.Copy(out, old)
	maps.Copy(out, changes)
	maps.DeleteFunc(out, func(_, value string) bool { return value == "" })
	return out
}

func (v values) equal(other values) bool {
	return maps.Equal(v.settings, other.settings) && maps.Equal(v.secrets, other.secrets)
}

// withDefaults returns the settings with what the descriptor says for those that
// are not given.
func (v values) withDefaults(d connectors.Descriptor) map[string]string {
	out := maps.Clone(v.settings)
	if out == nil {
		out = map[string]string{}
	}
	for _, s := range d.Settings {
		if !s.Secret && s.Default != "" && out[s.Name] == "" {
			out[s.Name] = s.Default
		}
	}
	return out
}

// check compares the values with what the descriptor asks for and returns every
// mistake. Messages never repeat a secret.
func (v values) check(d connectors.Descriptor) error {
	errs := append(
		unknown(d, v.settings, false),
		unknown(d, v.secrets, true)...)
	for _, s := range d.Settings {
		value := v.settings[s.Name]
		if s.Secret {
			value = v.secrets[s.Name]
		}
		if why := refuse(s, value); why != "" {
			errs = append(errs, hub.Errorf(hub.CodeInvalid, fieldOf(d, s.Name), "%s %s", s.Label, why))
		}
	}
	return errors.Join(errs...)
}

// unknown reports the names that the descriptor does not have, or has the other
// way round.
func unknown(d connectors.Descriptor, given map[string]string, secret bool) []error {
	where, other := "settings", "secrets"
	if secret {
		where, other = other, where
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		field := fmt.Sprintf("%s.%.40s", where, name)
		switch s, ok := setting(d, name); {
		case !ok:
			errs = append(errs, hub.Errorf(hub.CodeInvalid, field, "%s has no such setting; it has %s", d.Name, names(d, secret)))
		case s.Secret != secret:
			errs = append(errs, hub.Errorf(hub.CodeInvalid, field, "%s belongs in %s", s.Label, other))
		}
	}
	return errs
}

func setting(d connectors.Descriptor, name string) (connectors.Setting, bool) {
	i := slices.IndexFunc(d.Settings, func(s connectors.Setting) bool { return s.Name == name })
	if i < 0 {
		return connectors.Setting{}, false
	}
	return d.Settings[i], true
}

// names lists the settings, or the secrets, that the descriptor has.
func names(d connectors.Descriptor, secret bool) string {
	var out []string
	for _, s := range d.Settings {
		if s.Secret == secret {
			out = append(out, s.Name)
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// refuse returns why the setting cannot have the value, or "".
func refuse(s connectors.Setting, value string) string {
	switch {
	case value == "" && s.Required:
		return "must be given"
	case value == "":
		return ""
	case len(value) > maxSetting:
		return fmt.Sprintf("must have at most %d bytes", maxSetting)
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return "must be text without NUL"
	case len(s.Choices) > 0 && !slices.Contains(s.Choices, value):
		return "must be one of " + strings.Join(s.Choices, ", ")
	}
	return ""
}

// fieldOf is the path of the input field that holds the setting.
func fieldOf(d connectors.Descriptor, name string) string {
	if s, ok := setting(d, name); ok && s.Secret {
		return "secrets." + name
	}
	return "settings." + name
}
