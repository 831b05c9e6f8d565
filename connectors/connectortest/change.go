package connectortest

import (
	"testing"

	"github.com/wedsync/wedsync/connectors"
)

func (s suite) testDeleter(t *testing.T) {
	s.run(t, "Delete", func(t *test) {
		t.mustPut("a/b.jpg", content(1, 100))
		t.mustPut("a/c.jpg", content(2, 100))
		if err := t.deleter().Delete(t.ctx, "a/b.jpg", connectors.Expect{}); err != nil {
			t.Fatal(err)
		}
		t.wantAbsent("a/b.jpg")
		t.wantList("", "a/c.jpg")
		t.wantContent("a/c.jpg", content(2, 100))
		t.mustPut("a/b.jpg", content(3, 100))
		t.wantContent("a/b.jpg", content(3, 100))
	})
	s.run(t, "NotFound", func(t *test) {
		t.mustPut("a/b.jpg", content(1, 100))
		for _, p := range []string{"nothing.jpg", "a", "a/nothing.jpg", "a/b.jpg/c"} {
			t.wantKind("delete of "+p, t.deleter().Delete(t.ctx, p, connectors.Expect{}), connectors.NotFound)
		}
		t.wantList("", "a/b.jpg")
	})
	s.run(t, "Expect", func(t *test) {
		old := t.mustPut("a.jpg", content(1, 100))
		now := t.mustPut("a.jpg", content(2, 100))
		err := t.deleter().Delete(t.ctx, "a.jpg", connectors.Expect{Revision: old.Revision})
		t.wantKind("delete of another revision", err, connectors.Conflict)
		t.wantSame("after a refused delete", t.mustStat("a.jpg"), now)
		if err := t.deleter().Delete(t.ctx, "a.jpg", connectors.Expect{Revision: now.Revision}); err != nil {
			t.Fatal(err)
		}
		t.wantAbsent("a.jpg")
		err = t.deleter().Delete(t.ctx, "a.jpg", connectors.Expect{Revision: now.Revision})
		t.wantKind("delete of what is gone", err, connectors.NotFound)
	})
}

// relocate is what Mover and Copier have in common.
type relocate func(t *test, from, to string, expect connectors.Expect) (connectors.Object, error)

func (s suite) testMover(t *testing.T) {
	s.testRelocate(t, true, func(t *test, from, to string, expect connectors.Expect) (connectors.Object, error) {
		return t.mover().Move(t.ctx, from, to, expect)
	})
}

func (s suite) testCopier(t *testing.T) {
	s.testRelocate(t, false, func(t *test, from, to string, expect connectors.Expect) (connectors.Object, error) {
		return t.copier().Copy(t.ctx, from, to, expect)
	})
}

func (s suite) testRelocate(t *testing.T, moves bool, do relocate) {
	s.run(t, "Works", func(t *test) {
		body := content(1, 1000)
		from := t.mustPut("a/b.jpg", body)
		obj, err := do(t, "a/b.jpg", "c/d/é.jpg", connectors.Expect{Revision: from.Revision})
		if err != nil {
			t.Fatal(err)
		}
		t.wantObject("result", obj, "c/d/é.jpg", body)
		t.wantSame("result against stat", obj, t.mustStat("c/d/é.jpg"))
		t.wantContent("c/d/é.jpg", body)
		if moves {
			t.wantAbsent("a/b.jpg")
			t.wantList("", "c/d/é.jpg")
		} else {
			t.wantContent("a/b.jpg", body)
			t.wantList("", "a/b.jpg", "c/d/é.jpg")
		}
		if t.Harness.ModTime > 0 && !obj.ModTime.Equal(from.ModTime) {
			t.Errorf("ModTime became %v, was %v", obj.ModTime, from.ModTime)
		}
	})
	s.run(t, "Exists", func(t *test) {
		a, b := t.mustPut("a.jpg", content(1, 1000)), t.mustPut("b.jpg", content(2, 1000))
		_, err := do(t, "a.jpg", "b.jpg", connectors.Expect{})
		t.wantKind("onto a taken path", err, connectors.Exists)
		t.wantSame("from", t.mustStat("a.jpg"), a)
		t.wantSame("to", t.mustStat("b.jpg"), b)
		_, err = do(t, "a.jpg", "a.jpg", connectors.Expect{})
		t.wantKind("onto itself", err, connectors.Exists)
		t.wantContent("a.jpg", content(1, 1000))
	})
	s.run(t, "NotFound", func(t *test) {
		_, err := do(t, "a.jpg", "b.jpg", connectors.Expect{})
		t.wantKind("from nothing", err, connectors.NotFound)
		t.wantList("")
	})
	s.run(t, "Conflict", func(t *test) {
		old := t.mustPut("a.jpg", content(1, 1000))
		now := t.mustPut("a.jpg", content(2, 1000))
		_, err := do(t, "a.jpg", "b.jpg", connectors.Expect{Revision: old.Revision})
		t.wantKind("of another revision", err, connectors.Conflict)
		t.wantSame("after a refusal", t.mustStat("a.jpg"), now)
		t.wantAbsent("b.jpg")
	})
	s.run(t, "BadName", func(t *test) {
		t.mustPut("a.jpg", content(1, 1000))
		_, err := do(t, "a.jpg", "../b.jpg", connectors.Expect{})
		t.wantKind("to outside", err, connectors.NameRejected)
		t.wantList("", "a.jpg")
	})
}
