package wedding_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	_ "github.com/wedsync/wedsync/ent/runtime"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/filesync"
	"github.com/wedsync/wedsync/hub/wedding"
	"github.com/wedsync/wedsync/internal/testenv"
)

type deaf struct{}

func (deaf) Committed(context.Context, hub.Commit) {}

type fixture struct {
	*wedding.Service
	client *ent.Client
	// ctx is a member's.
	ctx context.Context
}

func setUp(t *testing.T, db testenv.Database) fixture {
	t.Helper()
	org := db.Client.Organization.Create().SetName("Studio").SaveX(rule.System(t.Context()))
	store := hub.NewStore(db.Client, deaf{})
	return fixture{
		Service: wedding.New(store, filesync.New(store, nil, filesync.Options{Clock: time.Now}), time.Now),
		client:  db.Client,
		ctx:     rule.With(t.Context(), rule.Viewer{OrganizationID: org.ID, UserID: "usr_1", Role: rule.RoleMember}),
	}
}

func codes(err error) []string {
	var out []string
	var mistake *hub.Error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			out = append(out, codes(e)...)
		}
	} else if errors.As(err, &mistake) {
		out = append(out, string(mistake.Code)+" "+mistake.Field)
	}
	return out
}

func valid() wedding.Create {
	return wedding.Create{Name: "  Ana & Rui ", Date: "2026-06-20", TimeZone: "Europe/Lisbon", Region: "EU"}
}

func TestWeddingIsAddedChangedAndPutAway(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := setUp(t, db)
		w, err := s.Create(s.ctx, valid())
		if err != nil {
			t.Fatal(err)
		}
		if w.Name != "Ana & Rui" || w.Date != "2026-06-20" || w.TimeZone != "Europe/Lisbon" || w.Region != "EU" {
			t.Errorf("made %+v", w)
		}
		day := "2026-06-21"
		if w, err = s.Update(s.ctx, wedding.Update{ID: w.ID, Date: &day}); err != nil || w.Date != day || w.Name != "Ana & Rui" {
			t.Fatalf("changed to %+v, %v", w, err)
		}
		for range 2 {
			if w, err = s.Archive(s.ctx, w.ID); err != nil || w.ArchivedAt == nil {
				t.Fatalf("archived %+v, %v", w, err)
			}
		}
		var happened []string
		for _, e := range s.client.Event.Query().AllX(s.ctx) {
			happened = append(happened, e.Type)
		}
		if want := []string{"wedding.created", "wedding.updated", "wedding.updated"}; !slices.Equal(happened, want) {
			t.Errorf("events %v", happened)
		}
	})
}

func TestWeddingIsCheckedAtTheDoor(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := setUp(t, db)
		for want, change := range map[string]func(*wedding.Create){
			"INVALID name": func(in *wedding.Create) { in.Name = " " },
			"INVALID date": func(in *wedding.Create) { in.Date = "2026-02-30" },
			// Nobody is wed in the machine's own zone, or in none.
			"INVALID timeZone": func(in *wedding.Create) { in.TimeZone = "Local" },
			"INVALID region":   func(in *wedding.Create) { in.Region = "eu west" },
		} {
			in := valid()
			change(&in)
			_, err := s.Create(s.ctx, in)
			if got := codes(err); !slices.Equal(got, []string{want}) {
				t.Errorf("%+v: %v, want %s", in, err, want)
			}
		}
		_, err := s.Create(s.ctx, wedding.Create{Name: strings.Repeat("x", hub.MaxName+1), Date: "tomorrow", TimeZone: "../etc/passwd"})
		if got := codes(err); !slices.Equal(got, []string{"INVALID name", "INVALID date", "INVALID timeZone"}) {
			t.Errorf("several mistakes: %v", got)
		}
	})
}

func TestWeddingNeedsAMemberOfItsOrganization(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s, other := setUp(t, db), setUp(t, db)
		w, err := s.Create(s.ctx, valid())
		if err != nil {
			t.Fatal(err)
		}
		viewer, _ := rule.From(s.ctx)
		viewer.Role = rule.RoleViewer
		reader := rule.With(s.ctx, viewer)
		name := "x"
		for want, call := range map[string]func() error{
			"FORBIDDEN ":   func() error { _, err := s.Create(reader, valid()); return err },
			"FORBIDDEN id": func() error { _, err := s.Archive(reader, w.ID); return err },
			"NOT_FOUND id": func() error { _, err := s.Update(other.ctx, wedding.Update{ID: w.ID, Name: &name}); return err },
		} {
			if err := call(); !slices.Equal(codes(err), []string{want}) {
				t.Errorf("want %s, got %v", want, err)
			}
		}
	})
}

func TestWeddingWithAnActiveRunStays(t *testing.T) {
	t.Parallel()
	testenv.Databases(t, func(t *testing.T, db testenv.Database) {
		s := setUp(t, db)
		w, err := s.Create(s.ctx, valid())
		if err != nil {
			t.Fatal(err)
		}
		system := rule.SystemWithin(s.ctx, w.OrganizationID)
		con := s.client.Connection.Create().SetOrganizationID(w.OrganizationID).SetProvider("memory").SetName("Disk").
			SetSettings(map[string]string{}).SaveX(system)
		syn := s.client.FileSync.Create().SetOrganizationID(w.OrganizationID).SetWeddingID(w.ID).SetSourceID(con.ID).SetName("Photos").SaveX(system)
		run := s.client.SyncRun.Create().SetOrganizationID(w.OrganizationID).SetSyncID(syn.ID).
			SetTrigger(syncrun.TriggerSTART).SetState(syncrun.StatePAUSED).SaveX(system)
		if _, err := s.Archive(s.ctx, w.ID); !slices.Equal(codes(err), []string{"CONFLICT id"}) {
			t.Errorf("archived beside an active run: %v", err)
		}
		run.Update().SetState(syncrun.StateCOMPLETED).ExecX(system)
		if _, err := s.Archive(s.ctx, w.ID); err != nil {
			t.Errorf("archive after the run: %v", err)
		}
		if syn = s.client.FileSync.GetX(s.ctx, syn.ID); syn.ArchivedAt == nil {
			t.Error("the sync of an archived wedding goes on")
		}
	})
}
