// Package id makes the hub's identifiers: a three-letter prefix that names the
// kind of thing, an underscore and a time-ordered UUIDv7 in 26 characters of
// base 32, as the TypeID specification has it ("syn_01jd…"). They sort by the
// millisecond of creation, so a key range is a page, and the prefix tells which
// table to ask.
package id

import (
	"fmt"

	"go.jetify.com/typeid"
)

// Prefix names a kind of thing in its identifiers.
type Prefix string

// One prefix per stored kind.
const (
	Organization Prefix = "org"
	User         Prefix = "usr"
	Membership   Prefix = "mem"
	Token        Prefix = "tok"
	Session      Prefix = "ses"
	Wedding      Prefix = "wed"
	Connection   Prefix = "con"
	Sync         Prefix = "syn"
	Target       Prefix = "tgt"
	Run          Prefix = "run"
	Transfer     Prefix = "trf"
	File         Prefix = "fil"
	Version      Prefix = "ver"
	Replica      Prefix = "rep"
	Conflict     Prefix = "cfl"
	Event        Prefix = "evt"
	Audit        Prefix = "aud"
	Job          Prefix = "job"
	Request      Prefix = "req"
)

// New returns a fresh identifier of the kind.
func New(p Prefix) string {
	t, err := typeid.WithPrefix(string(p))
	if err != nil {
		// Only a prefix that is not lower-case ASCII fails, a defect of this file.
		panic(fmt.Sprintf("id prefix %q: %v", p, err))
	}
	return t.String()
}

// Maker returns New bound to the kind, for ent's DefaultFunc.
func (p Prefix) Maker() func() string { return func() string { return New(p) } }

// Parse returns the kind of a well-formed identifier, or an error for anything
// else.
func Parse(s string) (Prefix, error) {
	t, err := typeid.FromString(s)
	if err != nil || t.Prefix() == "" {
		return "", fmt.Errorf("%.64q is not an id", s)
	}
	return Prefix(t.Prefix()), nil
}
