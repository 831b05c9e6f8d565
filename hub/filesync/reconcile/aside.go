package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wedsync/wedsync/connectors"
)

const (
	// maxTargetName is how much of a target's name goes into an aside name.
	maxTargetName = 40
	// maxAsides is how many names are tried.
	maxAsides = 50
)

// aside returns a name for the target's content beside path that every store can
// hold and that is free everywhere, or "". It follows from the content's time (or,
// without one, its revision) and the target's name, so the next plan chooses the
// same.
func (p *planner) aside(f pair) string {
	what := f.target.ModTime.UTC().Format("2006-01-02")
	if f.target.ModTime.IsZero() {
		sum := sha256.Sum256([]byte(f.target.Revision))
		what = hex.EncodeToString(sum[:4])
	}
	mark := strings.TrimSpace(fmt.Sprintf("conflict %s %s", what, shorten(printable(f.Name), maxTargetName)))
	dir, name := path.Split(f.path)
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for n := 1; n <= maxAsides; n++ {
		suffix := " (" + mark + ")"
		if n > 1 {
			suffix = fmt.Sprintf(" (%s %d)", mark, n)
		}
		suffix = strings.Map(p.allowed, suffix)
		for keep := len(stem); keep >= min(1, len(stem)); keep-- {
			if keep < len(stem) && !utf8.RuneStart(stem[keep]) {
				continue
			}
			candidate := dir + stem[:keep] + suffix + ext
			if p.holdable(candidate) {
				if !p.occupied(candidate) {
					p.asides[widest().Key(candidate)] = true
					return candidate
				}
				break
			}
		}
	}
	return ""
}

// widest takes as many names for one as any store might.
func widest() connectors.NameRules {
	return connectors.NameRules{FoldsCase: true, Normalization: connectors.NormalizationFolds}
}

// allowed replaces what a store does not allow in names.
func (p *planner) allowed(r rune) rune {
	for _, v := range p.views {
		if strings.ContainsRune(v.Rules.Forbidden, r) {
			return '-'
		}
	}
	if strings.ContainsRune(p.source.Rules.Forbidden, r) {
		return '-'
	}
	return r
}

func (p *planner) holdable(name string) bool {
	if len(name) > maxPath || p.source.check(name) != "" {
		return false
	}
	for _, v := range p.views {
		if v.check(name) != "" {
			return false
		}
	}
	return true
}

func (p *planner) occupied(name string) bool {
	if p.asides[widest().Key(name)] {
		return true
	}
	if _, ok := p.source.Files[name]; ok || len(p.spelled.alike(name)) > 0 {
		return true
	}
	if p.skipped.has(name) {
		return true
	}
	for _, v := range p.views {
		_, known := v.Bases[name]
		if known || v.skipped.has(name) || v.at(name) != nil || p.takes(v, name) {
			return true
		}
	}
	return false
}

// printable leaves of a name what can stand in a file's.
func printable(name string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, name)), " ")
}

func shorten(s string, n int) string {
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
