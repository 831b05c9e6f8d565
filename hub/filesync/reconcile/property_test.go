package reconcile_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub/filesync/reconcile"
)

// chaos drives a sim by chance and remembers what users wrote.
type chaos struct {
	*sim
	t *rapid.T
	// written are the contents of users; gone those that a user overwrote or
	// deleted somewhere, knowing it.
	written, gone map[string]bool
	serial        int
}

func names() []string {
	return []string{"a.jpg", "A.jpg", "b.jpg", "d/a.jpg", "caf\u00e9.jpg", "cafe\u0301.jpg", "raw"}
}

func newChaos(t *rapid.T) *chaos {
	folding := connectors.NameRules{FoldsCase: true, Normalization: connectors.NormalizationFolds, MaxNameBytes: 80, Forbidden: ":("}
	s := newSim(t, "one", "two", "three")
	s.targets = s.targets[:rapid.IntRange(1, 3).Draw(t, "targets")]
	for _, place := range s.stores() {
		place.hashes = rapid.Bool().Draw(t, place.name+" reports hashes")
		if rapid.IntRange(0, 3).Draw(t, place.name+" folds") == 0 {
			place.rules = folding
		}
	}
	for _, target := range s.targets {
		target.cannotRename = rapid.IntRange(0, 4).Draw(t, target.name+" cannot rename") == 0
	}
	s.writable = rapid.IntRange(0, 4).Draw(t, "source is read-only") != 0
	s.renamesFile = rapid.Bool().Draw(t, "books rename files")
	s.options.MaxDeletePercent = rapid.SampledFrom([]int{100, 100, 100, 40}).Draw(t, "limit")
	s.options.AllowEmptySource = rapid.Bool().Draw(t, "empty source")
	return &chaos{sim: s, t: t, written: map[string]bool{}, gone: map[string]bool{}}
}

// content is new, of few sizes, or now and then one that was written before.
func (c *chaos) content() string {
	old := slices.Sorted(maps.Keys(c.written))
	if len(old) > 0 && rapid.IntRange(0, 3).Draw(c.t, "old content") == 0 {
		return rapid.SampledFrom(old).Draw(c.t, "content")
	}
	c.serial++
	text := fmt.Sprintf("v%02d", c.serial)
	if rapid.Bool().Draw(c.t, "long") {
		text += "."
	}
	return text
}

func (c *chaos) modTime() time.Time {
	switch rapid.IntRange(0, 4).Draw(c.t, "time") {
	case 0:
		return time.Time{}
	case 1:
		return c.day
	}
	return c.now()
}

// edit is one thing that a user does somewhere.
func (c *chaos) edit() {
	stores := c.stores()
	at := stores[rapid.IntRange(0, len(stores)-1).Draw(c.t, "store")]
	path := rapid.SampledFrom(names()).Draw(c.t, "path")
	path, there := at.spelled(path)
	there = there && len(at.files) > 0
	switch act := rapid.SampledFrom([]string{"write", "write", "delete", "rename", "touch"}).Draw(c.t, "act"); {
	case act == "write":
		text := c.content()
		c.lose(at, path)
		c.written[text] = true
		at.put(path, text, c.modTime())
	case act == "delete" && there:
		c.lose(at, path)
		at.remove(path)
	case act == "rename" && there:
		to := rapid.SampledFrom(names()).Draw(c.t, "to")
		if other, taken := at.spelled(to); to == path || taken && other != path {
			return
		}
		at.move(path, to)
	case act == "touch" && there:
		h := at.files[path]
		at.put(path, h.content, c.modTime())
	}
}

func (c *chaos) lose(at *store, path string) {
	if h, ok := at.files[path]; ok {
		c.gone[h.content] = true
	}
}

// decide lets a person settle some open conflicts, of all if all is set.
func (c *chaos) decide(all bool) {
	for _, t := range c.targets {
		for _, path := range slices.Sorted(maps.Keys(t.pending)) {
			if t.pending[path].Resolution != "" || !all && rapid.Bool().Draw(c.t, "not yet") {
				continue
			}
			choices := []conflict.Resolution{conflict.ResolutionSOURCE, conflict.ResolutionKEEP_BOTH, conflict.ResolutionTARGET}
			if !c.writable {
				choices = choices[:2]
			}
			t.decide(path, rapid.SampledFrom(choices).Draw(c.t, "decision"))
		}
	}
}

// nothingLost checks that every content is somewhere, unless a user put an end to
// it.
func (c *chaos) nothingLost() {
	for content := range c.written {
		there := slices.ContainsFunc(c.stores(), func(s *store) bool { return s.holds(content) })
		if !there && !c.gone[content] {
			c.t.Fatalf("%q is lost", content)
		}
	}
}

func (c *chaos) carryOut(why string) {
	c.Logf("--- %s", why)
	c.run()
	for _, s := range c.stores() {
		c.Logf("   %s", s)
	}
	c.nothingLost()
}

func waits(op reconcile.Operation) bool {
	return op.Kind == transfer.KindCONFLICT || op.Kind == transfer.KindREFUSE
}

// converge runs without anybody's interference until the plan is empty, which must
// take at most three runs.
func (c *chaos) converge(why string) {
	for range 3 {
		c.carryOut(why)
	}
	p := c.plan()
	if i := slices.IndexFunc(p.Operations, func(op reconcile.Operation) bool { return !waits(op) }); i >= 0 {
		c.t.Fatalf("%s: after three runs there is still %+v", why, p.Operations[i])
	}
	c.inStep(p)
}

// inStep checks that source and targets hold the same, except where somebody has to
// do something first.
func (c *chaos) inStep(p reconcile.Plan) {
	excused := map[reconcile.Place]bool{}
	for _, op := range p.Operations {
		excused[reconcile.Place{TargetID: op.TargetID, Path: op.Path}] = true
	}
	for _, t := range c.targets {
		for path, h := range c.source.files {
			at, _ := t.spelled(path)
			if !excused[reconcile.Place{TargetID: t.name, Path: path}] && t.files[at].content != h.content {
				c.t.Fatalf("%s has %q at %s, the source %q", t.name, t.files[at].content, path, h.content)
			}
		}
		if c.options.DeleteMode == filesync.DeleteModeNONE || len(c.source.files) == 0 && !c.options.AllowEmptySource {
			continue
		}
		if t.cannotRename && c.renamesFile {
			continue // a deletion of the old name that fails is not tried again
		}
		for path, h := range t.files {
			_, wanted := c.source.spelledAs(t, path)
			if t.delivered[h.revision] && !wanted && !t.excuses(excused, path) {
				c.t.Fatalf("%s vanished from the source and is at %s", path, t.name)
			}
		}
	}
}

// excuses reports whether one of the places is where the target has path.
func (t *target) excuses(places map[reconcile.Place]bool, path string) bool {
	if places[reconcile.Place{TargetID: t.name, Path: path}] {
		return true
	}
	for file, b := range t.bases {
		if t.rules.Key(b.Path) == t.rules.Key(path) && places[reconcile.Place{TargetID: t.name, Path: file}] {
			return true
		}
	}
	return false
}

// spelledAs returns the store's path that t takes for the same name.
func (s *store) spelledAs(t *target, path string) (string, bool) {
	for _, own := range slices.Sorted(maps.Keys(s.files)) {
		if t.rules.Key(own) == t.rules.Key(path) {
			return own, true
		}
	}
	return "", false
}

func strategies() []filesync.ConflictStrategy {
	return []filesync.ConflictStrategy{
		filesync.ConflictStrategySOURCE_WINS, filesync.ConflictStrategyTARGET_WINS, filesync.ConflictStrategyNEWEST,
		filesync.ConflictStrategyLARGEST, filesync.ConflictStrategyKEEP_BOTH, filesync.ConflictStrategyMANUAL,
	}
}

func TestNothingIsLostAndAllConverge(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies() {
		for _, mode := range []filesync.DeleteMode{filesync.DeleteModeNONE, filesync.DeleteModeTRASH, filesync.DeleteModePERMANENT} {
			t.Run(fmt.Sprint(strategy, " ", mode), func(t *testing.T) {
				t.Parallel()
				rapid.Check(t, func(t *rapid.T) {
					c := newChaos(t)
					c.options.Strategy, c.options.DeleteMode = strategy, mode
					c.live()
					c.decide(true)
					c.converge("decided")
				})
			})
		}
	}
}

// live lets users and the hub work at random, and then the hub alone.
func (c *chaos) live() {
	for range rapid.IntRange(1, 6).Draw(c.t, "rounds") {
		for range rapid.IntRange(0, 5).Draw(c.t, "edits") {
			c.edit()
		}
		c.decide(false)
		c.skipped = map[string]bool{}
		if rapid.IntRange(0, 5).Draw(c.t, "a link") == 0 {
			c.skipped[rapid.SampledFrom(names()).Draw(c.t, "skipped")] = true
		}
		c.fails = func() bool { return rapid.IntRange(0, 9).Draw(c.t, "fails") == 0 }
		c.pick = func(n int) int { return rapid.IntRange(0, n-1).Draw(c.t, "next") }
		c.meanwhile = func() {
			if rapid.IntRange(0, 9).Draw(c.t, "meanwhile") == 0 {
				c.edit()
			}
		}
		c.carryOut("run")
	}
	c.fails, c.meanwhile, c.skipped = func() bool { return false }, func() {}, map[string]bool{}
	c.converge("left alone")
}
