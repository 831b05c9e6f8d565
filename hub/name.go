package hub

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is how many bytes of UTF-8 the name of a thing may have.
const MaxName = 200

// CheckName returns the name without the space around it, or an Error for field
// if no thing can be called so.
func CheckName(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > MaxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", Errorf(CodeInvalid, field, "must have from 1 to %d bytes on one line", MaxName)
	}
	return name, nil
}
