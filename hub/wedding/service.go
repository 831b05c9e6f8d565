package wedding

import (
	"context"
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // the zones, on machines that have none

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
)

// Syncs puts a wedding's syncs away within a unit of work, or fails with a conflict.
type Syncs interface {
	ArchiveOf(ctx context.Context, tx *hub.Tx, weddingID string) error
}

// Service changes weddings.
type Service struct {
	store *hub.Store
	syncs Syncs
	clock func() time.Time
}

// New returns a service on the store.
func New(store *hub.Store, syncs Syncs, clock func() time.Time) *Service {
	return &Service{store: store, syncs: syncs, clock: clock}
}

// Create says what is known of a new wedding.
type Create struct {
	Name string
	// Date is the local calendar day, YYYY-MM-DD.
	Date string
	// TimeZone is an IANA name.
	TimeZone string
	// Region is where its data may reside; empty: anywhere.
	Region string
}

// Create adds a wedding.
func (s *Service) Create(ctx context.Context, in Create) (*ent.Wedding, error) {
	name, err := hub.CheckName("name", in.Name)
	if err := errors.Join(err, checkDate(in.Date), checkZone(in.TimeZone), checkRegion(in.Region)); err != nil {
		return nil, err
	}
	var made *ent.Wedding
	err = s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		viewer, _ := rule.From(ctx)
		made, err = tx.Wedding.Create().SetOrganizationID(viewer.OrganizationID).
			SetName(name).SetDate(in.Date).SetTimeZone(in.TimeZone).SetRegion(in.Region).Save(ctx)
		if err != nil {
			return hub.Translate(err, "", "")
		}
		record(tx, "created", "create", made)
		return nil
	})
	return made, err
}

// Update says what to change about a wedding; nil fields stay.
type Update struct {
	ID       string
	Name     *string
	Date     *string
	TimeZone *string
	Region   *string
}

func (in *Update) validate() error {
	var errs []error
	if in.Name != nil {
		name, err := hub.CheckName("name", *in.Name)
		in.Name = &name
		errs = append(errs, err)
	}
	if in.Date != nil {
		errs = append(errs, checkDate(*in.Date))
	}
	if in.TimeZone != nil {
		errs = append(errs, checkZone(*in.TimeZone))
	}
	if in.Region != nil {
		errs = append(errs, checkRegion(*in.Region))
	}
	return errors.Join(errs...)
}

// Update changes a wedding.
func (s *Service) Update(ctx context.Context, in Update) (*ent.Wedding, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	var changed *ent.Wedding
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		var err error
		changed, err = tx.Wedding.UpdateOneID(in.ID).SetNillableName(in.Name).SetNillableDate(in.Date).
			SetNillableTimeZone(in.TimeZone).SetNillableRegion(in.Region).Save(ctx)
		if err != nil {
			return hub.Translate(err, "id", in.ID)
		}
		record(tx, "updated", "update", changed)
		return nil
	})
	return changed, err
}

// Archive puts a wedding and all its syncs away. Archiving it again changes nothing;
// while a run is active it is refused.
func (s *Service) Archive(ctx context.Context, id string) (*ent.Wedding, error) {
	var archived *ent.Wedding
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		w, err := tx.Wedding.Get(ctx, id)
		if err != nil {
			return hub.Translate(err, "id", id)
		}
		if archived = w; w.ArchivedAt != nil {
			return nil
		}
		if err := s.syncs.ArchiveOf(ctx, tx, id); err != nil {
			return err
		}
		archived, err = w.Update().SetArchivedAt(s.clock().UTC().Truncate(time.Microsecond)).Save(ctx)
		if err != nil {
			return hub.Translate(err, "id", id)
		}
		record(tx, "updated", "archive", archived)
		return nil
	})
	return archived, err
}

func record(tx *hub.Tx, happened, action string, w *ent.Wedding) {
	data := map[string]any{"name": w.Name, "date": w.Date, "timeZone": w.TimeZone, "region": w.Region, "archived": w.ArchivedAt != nil}
	tx.Emit(hub.Event{Type: "wedding." + happened, SubjectID: w.ID, WeddingID: w.ID, Data: data})
	tx.Audit(hub.Audit{Action: "wedding." + action, SubjectID: w.ID, Data: data})
}

func checkDate(date string) error {
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return hub.Errorf(hub.CodeInvalid, "date", "must be a day as YYYY-MM-DD")
	}
	return nil
}

func checkZone(zone string) error {
	// LoadLocation takes "" for UTC and "Local" for whatever this machine has.
	_, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" || len(zone) > 64 {
		return hub.Errorf(hub.CodeInvalid, "timeZone", "must be an IANA time zone such as Europe/Lisbon")
	}
	return nil
}

func checkRegion(region string) error {
	upper := func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' }
	if len(region) > 32 || strings.ContainsFunc(region, func(r rune) bool { return !upper(r) }) {
		return hub.Errorf(hub.CodeInvalid, "region", "must have at most 32 capital letters, digits and hyphens")
	}
	return nil
}
