package transfer_test

import (
	"context"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors/decorate"
	"github.com/wedsync/wedsync/connectors/fault"
	"github.com/wedsync/wedsync/ent/filesync"
	enttransfer "github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/transfer"
	"github.com/wedsync/wedsync/internal/testenv"
)

// watcher takes the first picture that shows bytes on their way.
type watcher chan hub.Progress

func (w watcher) Progress(_ context.Context, p hub.Progress) {
	if p.BytesInFlight == 0 {
		return
	}
	select {
	case w <- p:
	default:
	}
}

func TestProgressShowsWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		w := newWorld(t, db, setup{})
		proceed := make(chan struct{})
		w.decorate(0, fault.New(fault.Fault{Op: decorate.OpCommit, Proceed: proceed}).Decorator())
		w.plan(copies(w, "a.jpg", w.put(w.source, "in/a.jpg", "a photo"))...)
		seen := make(watcher, 1)
		service := transfer.New(transfer.Config{
			Store: hub.NewStore(w.client, deaf{}), Connections: w, Resolver: w, Progress: seen, Worker: "w1", Now: time.Now,
		})
		ended := make(chan error, 1)
		go func() { ended <- w.handle(w.ctx, service) }()
		p := <-seen
		close(proceed)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if p.RunID != w.run.ID || p.Worker != "w1" || p.BytesInFlight != 7 || p.Operation != `copying "a.jpg" of Photos` {
			t.Errorf("progress = %+v", p)
		}
	})
}

func TestVerificationIsAsTheSyncAsks(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		for _, mode := range []filesync.Verification{
			filesync.VerificationNONE, filesync.VerificationSIZE, filesync.VerificationHASH, filesync.VerificationFULL,
		} {
			w := newWorld(t, db, setup{verification: mode})
			row := w.planned(op{kind: enttransfer.KindCOPY, path: "a.jpg", source: w.put(w.source, "in/a.jpg", "a photo")})
			if got := w.wantState(row, enttransfer.StateDONE); string(got.Verified) != string(mode) {
				t.Errorf("verified %s, want %s", got.Verified, mode)
			}
		}
	})
}
