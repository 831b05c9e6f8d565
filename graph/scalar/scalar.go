package scalar

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/99designs/gqlgen/graphql"
)

// maxEntries and maxValue bound a Settings value.
const (
	maxEntries = 50
	maxValue   = 10_000
)

// MarshalJSON writes stored JSON as it is; none is null.
func MarshalJSON(raw json.RawMessage) graphql.Marshaler {
	if len(raw) == 0 {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		// The transport reports a writer that fails; there is nobody to tell here.
		_, _ = w.Write(raw)
	})
}

// UnmarshalJSON takes any value.
func UnmarshalJSON(v any) (json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return raw, nil
}

// MarshalSettings writes the settings as an object.
func MarshalSettings(settings map[string]string) graphql.Marshaler {
	if settings == nil {
		settings = map[string]string{}
	}
	return graphql.MarshalAny(settings)
}

// UnmarshalSettings takes an object whose values are strings. Its errors name
// keys, never values: those may be secrets.
func UnmarshalSettings(v any) (map[string]string, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("settings must be an object")
	}
	if len(object) > maxEntries {
		return nil, fmt.Errorf("settings must have at most %d entries", maxEntries)
	}
	settings := make(map[string]string, len(object))
	for name, value := range object {
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("the setting %.40q must be a string", name)
		}
		if len(text) > maxValue {
			return nil, fmt.Errorf("the setting %.40q is longer than %d bytes", name, maxValue)
		}
		settings[name] = text
	}
	return settings, nil
}
