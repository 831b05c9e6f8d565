package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub/filesync/reconcile"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	at := func(hour int, size int64) detail.Side {
		return detail.Side{Revision: "r", Size: size, ModTime: time.Date(2026, 6, 20, hour, 0, 0, 0, time.UTC)}
	}
	timeless, nothing := detail.Side{Revision: "r", Size: 5}, detail.Side{}
	for _, test := range []struct {
		strategy       filesync.ConflictStrategy
		source, target detail.Side
		want           conflict.Resolution
	}{
		{filesync.ConflictStrategySOURCE_WINS, at(1, 1), at(2, 2), conflict.ResolutionSOURCE},
		{filesync.ConflictStrategySOURCE_WINS, nothing, at(2, 2), conflict.ResolutionSOURCE},
		{filesync.ConflictStrategyTARGET_WINS, at(2, 2), at(1, 1), conflict.ResolutionTARGET},
		{filesync.ConflictStrategyNEWEST, at(1, 9), at(2, 1), conflict.ResolutionTARGET},
		{filesync.ConflictStrategyNEWEST, at(2, 1), at(1, 9), conflict.ResolutionSOURCE},
		{filesync.ConflictStrategyNEWEST, at(1, 1), at(1, 9), conflict.ResolutionSOURCE},
		{filesync.ConflictStrategyNEWEST, timeless, at(1, 1), conflict.ResolutionSOURCE},
		{filesync.ConflictStrategyNEWEST, at(1, 1), timeless, conflict.ResolutionSOURCE},
		{filesync.ConflictStrategyNEWEST, nothing, timeless, conflict.ResolutionTARGET},
		{filesync.ConflictStrategyLARGEST, at(1, 1), at(1, 2), conflict.ResolutionTARGET},
		{filesync.ConflictStrategyLARGEST, at(1, 2), at(2, 2), conflict.ResolutionSOURCE},
		{filesync.ConflictStrategyLARGEST, nothing, detail.Side{Revision: "r"}, conflict.ResolutionTARGET},
		{filesync.ConflictStrategyKEEP_BOTH, at(1, 1), at(2, 2), conflict.ResolutionKEEP_BOTH},
		{filesync.ConflictStrategyKEEP_BOTH, nothing, at(2, 2), conflict.ResolutionTARGET},
		{filesync.ConflictStrategyMANUAL, at(1, 1), at(2, 2), ""},
	} {
		if got, ok := reconcile.Decide(test.strategy, test.source, test.target); got != test.want || ok != (test.want != "") {
			t.Errorf("%s of %+v and %+v: %q, %t", test.strategy, test.source, test.target, got, ok)
		}
	}
}

// both is a sync whose only file was edited at the target and is to be kept twice.
func both(t *testing.T, name string, change func(*sim)) reconcile.Operation {
	t.Helper()
	s := newSim(t, "S3: Backup/\n☃")
	s.source.put(name, "one", s.now())
	s.run()
	s.targets[0].put(name, "edited", time.Time{})
	s.options.Strategy = filesync.ConflictStrategyKEEP_BOTH
	change(s)
	p := s.plan()
	if len(p.Operations) != 1 {
		t.Fatalf("planned %+v", p.Operations)
	}
	return p.Operations[0]
}

func TestNameToKeepBothUnderFits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 100) + ".jpg"
	op := both(t, "d/"+long, func(s *sim) { s.source.rules.MaxNameBytes = 255; s.targets[0].rules.MaxNameBytes = 220 })
	_, name, _ := strings.Cut(op.Aside, "/")
	if len(name) > 220 || len(name) < 215 || !utf8.ValidString(name) || !strings.HasPrefix(name, "éé") || !strings.HasSuffix(name, "S3: Backup ☃).jpg") {
		t.Errorf("the name is %q", op.Aside)
	}
	op = both(t, "a.jpg", func(s *sim) { s.targets[0].rules.MaxNameBytes = 20 })
	if op.Kind != transfer.KindCONFLICT || op.Reason == "" {
		t.Errorf("without a name that fits: %+v", op)
	}
	op = both(t, "a.jpg", func(s *sim) { s.targets[0].rules.MaxPathBytes = 10 })
	if op.Kind != transfer.KindCONFLICT {
		t.Errorf("without a path that fits: %+v", op)
	}
}

func TestTargetsOwnObstaclesAreTold(t *testing.T) {
	t.Parallel()
	w := &reconcile.World{
		Source: reconcile.Source{Store: reconcile.Store{Files: map[string]connectors.Object{
			"link/a.jpg": {Path: "link/a.jpg", Size: 1, Revision: "1"},
			"b.jpg":      {Path: "b.jpg", Size: 1, Revision: "1"},
		}}},
		Targets: []reconcile.Target{{ID: "disk", Store: reconcile.Store{
			Folder: "out", Rules: connectors.NameRules{MaxPathBytes: 8},
			Skipped: []connectors.Skipped{{Path: "link", Reason: "it is a link"}},
		}}},
	}
	var got []string
	for _, op := range reconcile.Make(w).Operations {
		got = append(got, fmt.Sprintf("%s %s: %s", op.Kind, op.Path, op.Reason))
	}
	want := []string{
		`REFUSE b.jpg: The store cannot hold it: the path is 9 bytes long and the limit is 8. Rename it at the source.`,
		`REFUSE link/a.jpg: The store cannot hold it: the path is 14 bytes long and the limit is 8. Rename it at the source.`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	w.Targets[0].Rules.MaxPathBytes = 0
	if op := reconcile.Make(w).Operations[1]; op.Kind != transfer.KindREFUSE || !strings.Contains(op.Reason, "it is a link") {
		t.Errorf("in the place of a link: %+v", op)
	}
}

// BenchmarkMake plans a large album at three targets, of which a folder of many
// equal files was moved.
func BenchmarkMake(b *testing.B) {
	const files = 100_000
	w := &reconcile.World{Options: reconcile.Options{Strategy: filesync.ConflictStrategyNEWEST, DeleteMode: filesync.DeleteModeTRASH, MaxDeletePercent: 100}}
	w.Source.Files = map[string]connectors.Object{}
	for i := range 3 {
		w.Targets = append(w.Targets, reconcile.Target{
			ID: fmt.Sprint(i), CanRename: true, CanDelete: true,
			Store: reconcile.Store{Files: map[string]connectors.Object{}}, Bases: map[string]reconcile.Base{},
		})
	}
	for i := range files {
		path, sha := fmt.Sprintf("day/%06d.jpg", i), sum(fmt.Sprint(i))
		if i%10 == 0 {
			path, sha = fmt.Sprintf("old/%06d.xmp", i), sum("sidecar")
		}
		here := strings.Replace(path, "old/", "new/", 1)
		w.Source.Files[here] = connectors.Object{Path: here, Size: 1, Revision: "1", Hashes: connectors.Hashes{connectors.SHA256: sha}}
		for t := range w.Targets {
			w.Targets[t].Files[path] = connectors.Object{Path: path, Size: 1, Revision: "2"}
			w.Targets[t].Bases[path] = reconcile.Base{Path: path, Size: 1, SHA256: sha, SourceRevision: "1", Revision: "2"}
		}
	}
	for b.Loop() {
		reconcile.Unproven(w)
		if p := reconcile.Make(w); len(p.Operations) != 3*files/10 {
			b.Fatalf("%d operations", len(p.Operations))
		}
	}
}
