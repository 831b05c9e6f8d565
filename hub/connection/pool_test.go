package connection_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/hub/connection"
	"github.com/wedsync/wedsync/internal/testenv"
)

func TestConnectionIsOpenedOnceForAll(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		c := f.connect(t)
		before, _ := f.safe.counts()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				open, err := f.Open(f.reader, c.ID)
				if err != nil {
					t.Error(err)
					return
				}
				if err := open.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		opens, closes := f.safe.counts()
		if opens != before+1 || closes != before {
			t.Errorf("opened %d times and closed %d times by its users", opens-before, closes-before)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if opens, closes := f.safe.counts(); opens != closes {
			t.Errorf("%d opened, %d closed in the end", opens, closes)
		}
		if _, err := f.Open(f.reader, c.ID); err == nil {
			t.Error("a closed service opens connections")
		}
	})
}

func TestChangedConnectionIsOpenedAnewAndTheOldOneOutlivesItsUsers(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		c := f.connect(t)
		old, err := f.Open(f.reader, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, closedBefore := f.safe.counts()
		if _, err := f.Update(f.admin, connection.Update{ID: c.ID, Settings: map[string]string{"store": "vault 2"}}); err != nil {
			t.Fatal(err)
		}
		opensBefore, _ := f.safe.counts()
		if _, err := f.Open(f.reader, c.ID); err != nil {
			t.Fatal(err)
		}
		if opens, _ := f.safe.counts(); opens != opensBefore+1 {
			t.Error("the changed connection is the old one")
		}
		if err := old.Check(t.Context()); err != nil {
			t.Errorf("the old one was taken away from its user: %v", err)
		}
		// An hour later nobody uses it any more; the next one that opens sweeps.
		f.clock.forward(time.Hour)
		other := f.connect(t)
		if _, err := f.Open(f.reader, other.ID); err != nil {
			t.Fatal(err)
		}
		// Closed: the two attempts before keeping, the old one, and the one that is
		// too many.
		if _, closes := f.safe.counts(); closes != closedBefore+4 {
			t.Errorf("%d were closed", closes-closedBefore)
		}
	})
}

func TestWaitingEndsWhenTheConnectionChanges(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		f := setUp(t, db)
		c := f.connect(t)
		open, err := f.Open(f.reader, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		feed := open.(connectors.ChangeFeed)
		cursor, err := feed.Latest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- feed.Wait(ctx, cursor) }()
		if _, err := f.Disconnect(f.admin, c.ID); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !connectors.Is(err, connectors.Transient) {
			t.Errorf("waiting ended with %v", err)
		}
	})
}
