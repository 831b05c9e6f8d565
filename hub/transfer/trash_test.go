package transfer_test

import (
	"testing"

	"github.com/wedsync/wedsync/ent/filesync"
	enttransfer "github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/internal/testenv"
)

// A deletion that settles no conflict retains nothing by itself: the sync's delete
// mode alone decides whether the file can be had back.
func TestDeletionsFollowTheSyncsDeleteMode(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for mode, want := range map[filesync.DeleteMode]map[string]string{
			filesync.DeleteModeTRASH:     {".wedsync/trash/RUN/out/a.jpg": "gone from the source"},
			filesync.DeleteModePERMANENT: {},
		} {
			w := newWorld(t, db, setup{})
			w.sync.Update().SetDeleteMode(mode).ExecX(w.ctx)
			held := w.put(w.targets[0], "out/a.jpg", "gone from the source")
			w.wantState(w.planned(op{kind: enttransfer.KindDELETE, path: "a.jpg", held: held}), enttransfer.StateDONE)
			w.wants(string(mode), w.targets[0], want)
		}
	})
}
