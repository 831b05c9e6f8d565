package local

import (
	"crypto/rand"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/wedsync/wedsync/connectors"
)

// probePrefix starts the name of a folder that lives as long as a probe. It
// holds empty folders only, which no listing tells of.
const probePrefix = connectors.HubFolder + "-probe-"

// suspects are the runes that some file system refuses or replaces.
func suspects() string {
	s := `\:*?"<>|` + "\x7f"
	for c := rune(1); c < ' '; c++ {
		s += string(c)
	}
	return s
}

// devices are the names that Windows keeps for itself.
func devices() []string {
	names := []string{"con", "prn", "aux", "nul", "conin$", "conout$"}
	for _, digit := range "123456789¹²³" {
		names = append(names, "com"+string(digit), "lpt"+string(digit))
	}
	return names
}

// probeRules learns which names the file system below root holds by trying them.
// Where nothing may be written it assumes what the operating system usually has.
func probeRules(root *os.Root, path string) connectors.NameRules {
	rules := usualRules(runtime.GOOS)
	if held, err := tryNames(root, candidates()); err == nil {
		rules = deduceRules(held)
	}
	// os.Root goes segment by segment and needs no bound, but other programs could
	// not open what lies deeper.
	rules.MaxPathBytes = max(maxPath-len(path)-1, 1)
	return rules
}

// tryNames makes a folder of every name and returns those that are then listed
// as they were written.
func tryNames(root *os.Root, try []string) (held map[string]bool, err error) {
	name := probePrefix + strings.ToLower(rand.Text())
	if err := root.Mkdir(name, 0o700); err != nil {
		return nil, err
	}
	defer func() {
		if removeErr := root.RemoveAll(name); removeErr != nil && err == nil {
			err = fmt.Errorf("remove the folder of the probe: %w", removeErr)
		}
	}()
	dir, err := enter(root, name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	for _, n := range try {
		// A name that cannot be made is one that is not listed afterwards.
		_ = dir.Mkdir(n, 0o700)
	}
	listed, err := names(dir, -1)
	if err != nil {
		return nil, err
	}
	held = make(map[string]bool, len(listed))
	for _, n := range listed {
		held[n] = true
	}
	return held, nil
}

// Names that are tried. The two of a pair are one where the file system folds.
const (
	lower, upper = "wedsync-case", "WEDSYNC-CASE"
	nfc, nfd     = "caf\u00e9", "cafe\u0301"
	dotted       = "dot."
	spaced       = "space "
	device       = "aux"
)

// lengths of one name that file systems allow, the usual one first (eCryptfs has
// the other).
func lengths() []int { return []int{255, 143} }

func candidates() []string {
	all := []string{lower, upper, nfc, nfd, dotted, spaced, device}
	for _, r := range suspects() {
		all = append(all, "x"+string(r)+"x")
	}
	for _, n := range lengths() {
		all = append(all, strings.Repeat("n", n))
	}
	return all
}

func deduceRules(held map[string]bool) connectors.NameRules {
	rules := connectors.NameRules{
		MaxNameBytes:         64,
		NoTrailingDotOrSpace: !held[dotted] || !held[spaced],
		FoldsCase:            !held[lower] || !held[upper],
	}
	if !held[nfc] || !held[nfd] {
		rules.Normalization = connectors.NormalizationFolds
	}
	if !held[device] {
		rules.ReservedNames = devices()
	}
	for _, r := range suspects() {
		if !held["x"+string(r)+"x"] {
			rules.Forbidden += string(r)
		}
	}
	for _, n := range lengths() {
		if held[strings.Repeat("n", n)] {
			rules.MaxNameBytes = n
			break
		}
	}
	return rules
}

// usualRules are those of the file system that comes with the system.
func usualRules(goos string) connectors.NameRules {
	rules := connectors.NameRules{MaxNameBytes: 255}
	switch goos {
	case "darwin", "ios":
		rules.FoldsCase = true
		rules.Normalization = connectors.NormalizationFolds
	case "windows":
		rules.FoldsCase = true
		rules.NoTrailingDotOrSpace = true
		rules.Forbidden = suspects()
		rules.ReservedNames = devices()
	}
	return rules
}
