package config

import "log/slog"

const redacted = "[redacted]"

// Secret is a setting that must not be printed. Only Reveal gives its text.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString keeps %#v from printing it.
func (s Secret) GoString() string { return `config.Secret("` + s.String() + `")` }

// LogValue keeps logs from printing it.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps JSON and text handlers from printing it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
