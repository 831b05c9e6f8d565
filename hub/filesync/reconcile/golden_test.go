package reconcile_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/hub/filesync/reconcile"
)

// TestScenarios plays the scripts in testdata. A line that starts with "> " is a
// command, the lines after it are what it must say; -update writes what it says.
//
//	targets NAME...              the targets, in order
//	set OPTION VALUE             strategy, delete, limit, empty, source, books
//	STORE folds|hashes|"cannot rename"|forbids RUNES|takes BYTES
//	STORE put PATH CONTENT [TIME]  also: rm PATH, mv FROM TO, touch PATH
//	link PATH...                 what the source's listing leaves out from now on
//	decide TARGET PATH RESOLUTION  a person settles an open conflict
//	die N                        the hub dies at the Nth step of the next run
//	run                          plans, carries out, and shows operations and stores
func TestScenarios(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) < 25 {
		t.Fatalf("only %d scripts", len(scripts))
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(script)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			if flag.Lookup("update").Value.String() == "true" {
				if err := os.WriteFile(script, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("the script says\n%s\nbut it is\n%s", want, got)
			}
		})
	}
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write what the scenarios say into testdata")
	os.Exit(m.Run())
}

// play returns the script with what its commands say.
func play(t *testing.T, script string) string {
	s := newSim(t)
	var out strings.Builder
	for line := range strings.Lines(script) {
		command, ok := strings.CutPrefix(line, "> ")
		if !ok {
			if strings.HasPrefix(line, "#") {
				out.WriteString(line)
			}
			continue
		}
		out.WriteString(line)
		words := strings.Fields(command)
		for i, w := range words {
			text, err := strconv.Unquote(`"` + w + `"`)
			if err != nil {
				t.Fatalf("%s: %v", command, err)
			}
			words[i] = text
		}
		if words[0] == "run" {
			out.WriteString(s.told())
		} else {
			s.command(t, words)
		}
	}
	return out.String()
}

func (s *sim) command(t *testing.T, w []string) {
	switch w[0] {
	case "targets":
		s.targets = newSim(t, w[1:]...).targets
	case "set":
		s.set(t, w[1], w[2])
	case "link":
		for _, path := range w[1:] {
			s.skipped[path] = true
		}
	case "decide":
		s.target(w[1]).decide(w[2], conflict.Resolution(w[3]))
	case "die":
		n, err := strconv.Atoi(w[1])
		if err != nil {
			t.Fatal(err)
		}
		s.fails = func() bool { n--; return n == 0 }
	default:
		s.at(t, w)
	}
}

func (s *sim) set(t *testing.T, option, value string) {
	switch option {
	case "strategy":
		s.options.Strategy = filesync.ConflictStrategy(value)
	case "delete":
		s.options.DeleteMode = filesync.DeleteMode(value)
	case "limit":
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		s.options.MaxDeletePercent = n
	case "empty":
		s.options.AllowEmptySource = value == "allowed"
	case "books":
		s.renamesFile = value == "by-file"
	case "source":
		s.writable = value != "read-only"
	default:
		t.Fatalf("no option %s", option)
	}
}

func (s *sim) at(t *testing.T, w []string) {
	var place *store
	for _, other := range s.stores() {
		if other.name == w[0] {
			place = other
		}
	}
	if place == nil {
		t.Fatalf("no store %s", w[0])
	}
	modTime := s.now()
	switch w[1] {
	case "put":
		if len(w) > 4 {
			hour, err := time.Parse("15:04", w[4])
			if err != nil {
				t.Fatal(err)
			}
			modTime = s.day.Truncate(24 * time.Hour).Add(time.Duration(hour.Hour())*time.Hour + time.Duration(hour.Minute())*time.Minute)
		}
		place.put(w[2], w[3], modTime)
	case "rm":
		place.remove(w[2])
	case "mv":
		place.move(w[2], w[3])
	case "touch":
		place.put(w[2], place.files[w[2]].content, modTime)
	case "folds":
		place.rules.FoldsCase, place.rules.Normalization = true, connectors.NormalizationFolds
	case "hashes":
		place.hashes = true
	case "forbids":
		place.rules.Forbidden = w[2]
	case "takes":
		n, err := strconv.ParseInt(w[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		s.target(w[0]).maxSize = n
	case "cannot":
		s.target(w[0]).cannotRename = true
	default:
		t.Fatalf("no command %v", w)
	}
}

// told runs and says what was planned and what came of it.
func (s *sim) told() string {
	var b strings.Builder
	p := s.run()
	s.fails = func() bool { return false }
	for _, op := range p.Operations {
		b.WriteString(describe(op) + "\n")
	}
	for _, l := range p.Lost {
		fmt.Fprintf(&b, "LOST %s %s\n", l.TargetID, l.Path)
	}
	if len(p.Operations) == 0 {
		b.WriteString("nothing to do\n")
	}
	for _, place := range s.stores() {
		fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(strings.ReplaceAll(strconv.QuoteToASCII(place.String()), `"`, ""), `\\`, `\`))
	}
	return b.String()
}

func describe(op reconcile.Operation) string {
	text := strings.TrimSpace(fmt.Sprintf("%s %s", op.Kind, op.TargetID)) + " " + op.Path
	if op.FromPath != "" {
		text += " from " + op.FromPath
	}
	if op.Aside != "" {
		text += " aside " + op.Aside
	}
	if op.Retain {
		text += " retain"
	}
	if op.Conflict != nil {
		text += " " + string(op.Conflict.Kind)
	}
	if op.Reason != "" {
		text += ": " + op.Reason
	}
	text = strconv.QuoteToASCII(text)
	return strings.ReplaceAll(text[1:len(text)-1], `\"`, `"`)
}
