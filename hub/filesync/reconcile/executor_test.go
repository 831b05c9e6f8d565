package reconcile_test

import (
	"maps"
	"slices"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub/filesync/reconcile"
)

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// sim is a sync over stores in memory, with the plainest engine that carries plans
// out and the books that it keeps. It fails the test when anything happens that
// must not.
type sim struct {
	tester
	options  reconcile.Options
	source   *store
	writable bool
	targets  []*target
	skipped  map[string]bool // what the source does not list just now
	// fails says whether the hub dies at the next step; meanwhile is called before
	// every operation; pick chooses which of n paths is worked on next.
	fails     func() bool
	meanwhile func()
	pick      func(n int) int
	// renamesFile: the books rename the file with its first target that did, not
	// each target apart.
	renamesFile bool
	day         time.Time
}

type target struct {
	*store
	cannotRename bool
	maxSize      int64
	bases        map[string]reconcile.Base
	pending      map[string]reconcile.Pending
	// known are the contents that were agreed on here at any time, delivered the
	// revisions that the hub put here and did not lose sight of.
	known, delivered map[string]bool
}

func newSim(t tester, targets ...string) *sim {
	s := &sim{
		tester:  t,
		options: reconcile.Options{Strategy: filesync.ConflictStrategyMANUAL, DeleteMode: filesync.DeleteModeTRASH, MaxDeletePercent: 100, AllowEmptySource: true},
		source:  newStore("source"), writable: true, skipped: map[string]bool{},
		fails: func() bool { return false }, meanwhile: func() {}, pick: func(int) int { return 0 },
		day: time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC),
	}
	for _, name := range targets {
		s.targets = append(s.targets, &target{store: newStore(name), bases: map[string]reconcile.Base{}, pending: map[string]reconcile.Pending{}, known: map[string]bool{}, delivered: map[string]bool{}})
	}
	return s
}

// now is a later time at each call.
func (s *sim) now() time.Time {
	s.day = s.day.Add(time.Minute)
	return s.day
}

func (s *sim) stores() []*store {
	all := []*store{s.source}
	for _, t := range s.targets {
		all = append(all, t.store)
	}
	return all
}

// world is what a planner would see.
func (s *sim) world() *reconcile.World {
	w := &reconcile.World{Options: s.options}
	w.Source = reconcile.Source{Store: reconcile.Store{Files: s.source.list(), Rules: s.source.rules}, Writable: s.writable}
	for path := range s.skipped {
		delete(w.Source.Files, path)
		w.Source.Skipped = append(w.Source.Skipped, connectors.Skipped{Path: path, Reason: "It is a link."})
	}
	for _, t := range s.targets {
		w.Targets = append(w.Targets, reconcile.Target{
			Store: reconcile.Store{Files: t.list(), Rules: t.rules}, ID: t.name, Name: t.name,
			MaxFileSize: t.maxSize, CanRename: !t.cannotRename, CanDelete: true,
			Bases: maps.Clone(t.bases), Pending: maps.Clone(t.pending),
		})
	}
	return w
}

func (s *sim) plan() reconcile.Plan {
	w := s.world()
	for range 2 {
		for _, r := range reconcile.Unproven(w) {
			place, files := s.source, w.Source.Files
			if r.Target >= 0 {
				place, files = s.targets[r.Target].store, w.Targets[r.Target].Files
			}
			files[r.Path] = reconcile.WithHash(files[r.Path], sum(place.files[r.Path].content))
		}
	}
	p := reconcile.Make(w)
	s.wellFormed(p)
	return p
}

// wellFormed checks what every plan promises to those who carry it out.
func (s *sim) wellFormed(p reconcile.Plan) {
	seen := map[reconcile.Place]bool{}
	deletes := map[string]int{}
	for _, op := range p.Operations {
		place := reconcile.Place{TargetID: op.TargetID, Path: op.Path}
		if seen[place] {
			s.Fatalf("two operations for %v", place)
		}
		seen[place] = true
		if s.skipped[op.Path] && op.TargetID != "" {
			s.Fatalf("an operation for what the source does not tell of: %+v", op)
		}
		if op.Reason == "" && (op.Kind == transfer.KindREFUSE || op.Kind == transfer.KindCONFLICT) {
			s.Fatalf("no reason for %+v", op)
		}
		if op.Kind == transfer.KindCONFLICT && (op.Conflict == nil || op.Conflict.Resolution != "") {
			s.Fatalf("a conflict that does not wait for a decision: %+v", op)
		}
		if op.Kind == transfer.KindCOPY && op.Expect.TargetRevision != "" || op.Kind == transfer.KindUPDATE && op.Expect.TargetRevision == "" {
			s.Fatalf("%s over what is not expected: %+v", op.Kind, op)
		}
		if op.Kind == transfer.KindDELETE {
			if op.Expect.SourceRevision != "" || s.options.DeleteMode == filesync.DeleteModeNONE {
				s.Fatalf("a deletion that nobody asked for: %+v", op)
			}
			if op.Conflict == nil || !op.Conflict.ByPerson {
				deletes[op.TargetID]++
			}
		}
		if op.Kind != transfer.KindKEEP_BOTH && (op.Kind != transfer.KindCOMPARE || op.Aside == "") {
			continue
		}
		for _, other := range s.stores() {
			if _, taken := other.spelled(op.Aside); taken || other.rules.Check(op.Aside) != "" {
				s.Fatalf("%s cannot hold %q: %+v", other.name, op.Aside, op)
			}
		}
	}
	listed := len(s.source.files)
	for path := range s.skipped {
		if _, ok := s.source.files[path]; ok {
			listed--
		}
	}
	for id, n := range deletes {
		if listed == 0 && !s.options.AllowEmptySource || n*100 > s.options.MaxDeletePercent*len(s.target(id).bases) {
			s.Fatalf("%d files are deleted at %s in spite of the guards", n, id)
		}
	}
}

// run makes a plan and carries it out.
func (s *sim) run() reconcile.Plan {
	p := s.plan()
	s.book(p)
	for _, op := range p.Operations {
		s.Logf("%s %s %s from %q aside %q retain %t: %s", op.Kind, op.TargetID, op.Path, op.FromPath, op.Aside, op.Retain, op.Reason)
	}
	for _, l := range p.Lost {
		s.Logf("%s lost %s", l.TargetID, l.Path)
	}
	for _, op := range s.shuffled(p.Operations) {
		s.meanwhile()
		t := s.target(op.TargetID)
		if t == nil || op.Kind == transfer.KindREFUSE || op.Kind == transfer.KindCONFLICT || s.fails() {
			continue
		}
		if s.do(t, op) && op.Kind != transfer.KindCOMPARE {
			delete(t.pending, op.Path)
		}
	}
	return p
}

// shuffled changes the order of the paths: they are worked on in parallel.
func (s *sim) shuffled(ops []reconcile.Operation) []reconcile.Operation {
	var groups [][]reconcile.Operation
	for i, op := range ops {
		if i == 0 || op.Path != ops[i-1].Path {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], op)
	}
	var out []reconcile.Operation
	for len(groups) > 0 {
		i := s.pick(len(groups))
		out = append(out, groups[i]...)
		groups = slices.Delete(groups, i, i+1)
	}
	return out
}

func (s *sim) target(id string) *target {
	i := slices.IndexFunc(s.targets, func(t *target) bool { return t.name == id })
	if i < 0 {
		return nil
	}
	return s.targets[i]
}

// book notes the plan's conflicts as the start of a run does.
func (s *sim) book(p reconcile.Plan) {
	keep := maps.Clone(p.Waiting)
	note := func(place reconcile.Place, c reconcile.Conflict) {
		keep[place] = true
		s.target(place.TargetID).pending[place.Path] = reconcile.Pending{Source: c.Source, Target: c.Target, Resolution: c.Resolution, ByPerson: c.ByPerson}
	}
	for _, op := range p.Operations {
		place := reconcile.Place{TargetID: op.TargetID, Path: op.Path}
		if op.Kind == transfer.KindCOMPARE || op.Kind == transfer.KindREFUSE {
			keep[place] = true
		} else if op.Conflict != nil {
			note(place, *op.Conflict)
		}
	}
	for _, l := range p.Lost {
		note(reconcile.Place{TargetID: l.TargetID, Path: l.Path}, l.Conflict)
	}
	for _, t := range s.targets {
		maps.DeleteFunc(t.pending, func(path string, _ reconcile.Pending) bool {
			return !keep[reconcile.Place{TargetID: t.name, Path: path}]
		})
	}
}

// do carries out one operation while the world is what the plan saw; it reports
// whether it was done to the end.
func (s *sim) do(t *target, op reconcile.Operation) bool {
	from := op.Path
	if op.FromPath != "" {
		from = op.FromPath
	}
	if op.Kind == transfer.KindRENAME && t.files[from].revision == op.Expect.TargetRevision {
		return s.rename(t, op, from)
	}
	if op.Kind == transfer.KindADOPT && op.Expect.SourceRevision == "" && op.Expect.TargetRevision == "" {
		delete(t.bases, op.Path)
		return true
	}
	if s.source.files[op.Path].revision != op.Expect.SourceRevision || t.files[from].revision != op.Expect.TargetRevision {
		return false
	}
	if _, taken := s.source.spelled(op.Path); taken && op.Kind == transfer.KindPULL && op.Expect.SourceRevision == "" {
		return false
	}
	if _, taken := t.spelled(op.Path); taken && op.Expect.TargetRevision == "" {
		return false // somebody took the name in the meantime
	}
	if b := t.bases[op.Path]; op.Kind != transfer.KindCOPY && t.rules.Key(b.Path) != t.rules.Key(from) {
		// Somebody took the file's name at the target before it could be renamed
		// there: what it was called is the target's own by now.
		delete(t.delivered, b.Revision)
	}
	switch op.Kind {
	case transfer.KindCOPY:
		return s.send(t, op.Path, op.Path)
	case transfer.KindUPDATE:
		s.destroy(t.store, from, op.Retain, t.agreed(op.Path, from))
		return s.send(t, op.Path, from)
	case transfer.KindDELETE:
		retain := op.Retain || s.options.DeleteMode == filesync.DeleteModeTRASH
		s.destroy(t.store, from, retain, t.agreed(op.Path, from) || t.known[t.files[from].content])
		t.remove(from)
		if s.fails() {
			return false
		}
		delete(t.bases, op.Path)
	case transfer.KindADOPT:
		s.agree(t, op.Path, from)
	case transfer.KindCOMPARE:
		return s.compare(t, op, from)
	case transfer.KindPULL:
		return s.pull(t, op.Path, from, op.Retain)
	case transfer.KindKEEP_BOTH:
		return s.keepBoth(t, op.Path, from, op.Aside)
	}
	return true
}

// agreed reports whether what is at the place is what source and target agreed on
// as the content of path: only that may be replaced without a trace.
func (t *target) agreed(path, place string) bool {
	b, ok := t.bases[path]
	return ok && t.rules.Key(b.Path) == t.rules.Key(place) && b.SHA256 == sum(t.files[place].content)
}

// destroy is called before content goes.
func (s *sim) destroy(at *store, path string, retain, agreed bool) {
	h, ok := at.files[path]
	if retain && ok {
		at.kept = append(at.kept, h.content)
	} else if ok && !agreed {
		s.Fatalf("%s: %q at %s is destroyed and nowhere retained", at.name, h.content, path)
	}
}

func (s *sim) send(t *target, path, place string) bool {
	h := s.source.files[path]
	t.put(place, h.content, h.modTime)
	if s.fails() {
		return false
	}
	s.agree(t, path, place)
	t.delivered[t.bases[path].Revision] = true
	return true
}

// agree writes the books: source and target hold the same.
func (s *sim) agree(t *target, path, place string) {
	ours, here := s.source.files[path]
	theirs, there := t.files[place]
	if !here || !there || ours.content != theirs.content {
		s.Fatalf("the books would lie: %q at the source and %q at %s", ours.content, theirs.content, t.name)
	}
	t.bases[path] = reconcile.Base{
		Path: place, Size: int64(len(ours.content)), SHA256: sum(ours.content),
		SourceRevision: ours.revision, Revision: theirs.revision,
	}
	t.known[theirs.content] = true
}

// rename needs nothing of the source: it notes the content that the operation says
// was agreed on, which must be what is renamed.
func (s *sim) rename(t *target, op reconcile.Operation, from string) bool {
	to := op.Path
	if at, taken := t.spelled(to); taken && at != from {
		return false // somebody took the name in the meantime
	}
	if op.Expect.SourceSHA256 == "" && s.source.files[to].revision != op.Expect.SourceRevision {
		return false // what to compare with is no more
	}
	old := to
	for _, path := range slices.Sorted(maps.Keys(t.bases)) {
		if b := t.bases[path]; t.rules.Key(b.Path) == t.rules.Key(from) && (old == to || b.Revision == op.Expect.TargetRevision) {
			old = path
		}
	}
	h := t.move(from, to)
	if s.fails() {
		return false
	}
	agreed := op.Expect.SourceSHA256
	if agreed == "" {
		agreed = sum(s.source.files[to].content)
	}
	if agreed != sum(h.content) {
		s.Fatalf("%q at %s is renamed and not what was agreed on", h.content, t.name)
	}
	delete(t.bases, old)
	t.bases[to] = reconcile.Base{Path: to, Size: op.Expect.SourceSize, SHA256: agreed, SourceRevision: op.Expect.SourceRevision, Revision: h.revision}
	t.known[h.content], t.delivered[h.revision] = true, true
	if !s.renamesFile || old == to {
		return true
	}
	for _, other := range s.targets {
		b, ok := other.bases[old]
		if _, has := other.bases[to]; ok && !has {
			delete(other.bases, old)
			other.bases[to] = b
		}
	}
	return true
}

func (s *sim) pull(t *target, path, from string, retain bool) bool {
	if !s.writable {
		s.Fatalf("%s is pulled to a source that cannot be written to", path)
	}
	s.destroy(s.source, path, retain, false)
	h := t.files[from]
	s.source.put(path, h.content, h.modTime)
	if s.fails() {
		return false
	}
	s.agree(t, path, from)
	return true
}

func (s *sim) keepBoth(t *target, path, from, aside string) bool {
	h := t.files[from]
	if s.writable {
		if _, taken := s.source.spelled(aside); taken {
			return false
		}
		s.source.put(aside, h.content, h.modTime)
	}
	if _, taken := t.spelled(aside); taken || s.fails() {
		return false
	}
	t.move(from, aside)
	if s.fails() {
		return false
	}
	return s.send(t, path, path)
}

func (s *sim) compare(t *target, op reconcile.Operation, from string) bool {
	ours, theirs := s.side(s.source, op.Path), s.side(t.store, from)
	if ours.SHA256 == theirs.SHA256 {
		s.agree(t, op.Path, from)
		delete(t.pending, op.Path)
		return true
	}
	r, ok := reconcile.Decide(s.options.Strategy, ours, theirs)
	switch {
	case !ok || r == conflict.ResolutionTARGET && !s.writable:
		t.pending[op.Path] = reconcile.Pending{Source: ours, Target: theirs}
		return true
	case r == conflict.ResolutionTARGET:
		return s.pull(t, op.Path, from, true)
	case r == conflict.ResolutionKEEP_BOTH:
		return s.keepBoth(t, op.Path, from, op.Aside)
	}
	s.destroy(t.store, from, true, false)
	return s.send(t, op.Path, from)
}

func (s *sim) side(at *store, path string) detail.Side {
	h := at.files[path]
	return detail.Side{Revision: h.revision, Size: int64(len(h.content)), ModTime: h.modTime, SHA256: sum(h.content)}
}

// decide is a person who settles a conflict.
func (t *target) decide(path string, r conflict.Resolution) {
	p := t.pending[path]
	p.Resolution, p.ByPerson = r, true
	t.pending[path] = p
}
