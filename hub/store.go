package hub

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/job"
	"github.com/wedsync/wedsync/ent/rule"
)

// bulkRows is how many rows one INSERT takes: far below the 32,766 variables that
// SQLite allows in a statement.
const bulkRows = 500

// Event tells that something changed its state.
type Event struct {
	// Type is the subject and what happened to it: "run.completed".
	Type      string
	SubjectID string
	// WeddingID is set when the event concerns one wedding.
	WeddingID string
	// Data is what a subscriber needs to show the change; it becomes JSON and
	// holds no secret.
	Data any
}

// Audit says what the viewer did. A mutation that is sent again with the same
// idempotency key is answered with the first entry's subject and data.
type Audit struct {
	// Action is the mutation or system action: "connection.create".
	Action    string
	SubjectID string
	Data      any
}

// Job asks for work that follows from a state change.
type Job struct {
	// Kind names the handler: "run.plan".
	Kind      string
	SubjectID string
	Part      int
	Priority  job.Priority
	// DueAt delays the work; zero means at once.
	DueAt time.Time
}

// Commit is what a transaction left for others to follow up.
type Commit struct {
	OrganizationID string
	// LastSeq is the number of the last event written, 0 if none was.
	LastSeq int64
	// Jobs are the jobs that were written.
	Jobs []*ent.Job
}

// Observer is told of each commit after it happened. It only shortens the wait of
// those who would find the rows anyway, so it cannot fail and must not block.
type Observer interface {
	Committed(ctx context.Context, c Commit)
}

// Store is the database as the capabilities see it.
type Store struct {
	client   *ent.Client
	observer Observer
}

// NewStore returns a store over the client that tells observer of its commits.
func NewStore(client *ent.Client, observer Observer) *Store {
	return &Store{client: client, observer: observer}
}

// Client reads without a transaction.
func (s *Store) Client() *ent.Client { return s.client }

// Tx is one unit of work of one organization.
type Tx struct {
	*ent.Tx
	events []Event
	audits []Audit
	jobs   []Job
}

// Emit tells, if and when the unit commits, that something happened.
func (t *Tx) Emit(e Event) { t.events = append(t.events, e) }

// Audit records, if and when the unit commits, who did what.
func (t *Tx) Audit(a Audit) { t.audits = append(t.audits, a) }

// Enqueue makes the job due when the unit commits.
func (t *Tx) Enqueue(j Job) { t.jobs = append(t.jobs, j) }

// InTx runs fn in a transaction of the viewer's organization. What fn changed and
// what it emitted, audited and enqueued commits together or not at all. Events
// get their numbers last, so that the organization's other commits wait for each
// other as briefly as can be. Under a lease (WithLease) it fails with ErrLeaseLost
// unless the lease still holds.
func (s *Store) InTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	viewer, ok := rule.From(ctx)
	if !ok {
		return errors.New("no viewer in the context")
	}
	etx, err := s.client.Tx(ctx)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	tx := &Tx{Tx: etx}
	done := false
	defer func() {
		if !done { // fn panicked: free the connection and let the panic pass
			_ = etx.Rollback()
		}
	}()
	commit, err := tx.run(ctx, viewer, fn)
	done = true
	if err != nil {
		// A cancelled context has rolled back already.
		if rerr := etx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) {
			return errors.Join(err, fmt.Errorf("roll back: %w", rerr))
		}
		return err
	}
	if err := etx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if r := pending(ctx); r != nil && len(tx.audits) > 0 {
		r.committed = true
	}
	if commit.LastSeq > 0 || len(commit.Jobs) > 0 {
		s.observer.Committed(ctx, commit)
	}
	return nil
}

func (t *Tx) run(ctx context.Context, viewer rule.Viewer, fn func(context.Context, *Tx) error) (Commit, error) {
	if err := t.fence(ctx); err != nil {
		return Commit{}, err
	}
	if err := fn(ctx, t); err != nil {
		return Commit{}, err
	}
	c := Commit{OrganizationID: viewer.OrganizationID}
	if len(t.events)+len(t.audits)+len(t.jobs) == 0 {
		return c, nil
	}
	if viewer.OrganizationID == "" {
		return c, errors.New("events, audit entries and jobs need a viewer within an organization")
	}
	// The books are the hub's own: a viewer who may do the thing need not be
	// allowed to write events.
	ctx = rule.SystemWithin(ctx, viewer.OrganizationID)
	err := t.remember(ctx, viewer.OrganizationID)
	if err != nil {
		return c, err
	}
	if c.Jobs, err = t.writeJobs(ctx, viewer); err != nil {
		return c, err
	}
	if err := t.writeAudits(ctx, viewer); err != nil {
		return c, err
	}
	c.LastSeq, err = t.writeEvents(ctx, viewer)
	return c, err
}

func (t *Tx) writeJobs(ctx context.Context, viewer rule.Viewer) ([]*ent.Job, error) {
	if len(t.jobs) == 0 {
		return nil, nil
	}
	rows := make([]*ent.JobCreate, len(t.jobs))
	for i, j := range t.jobs {
		rows[i] = t.Job.Create().SetOrganizationID(viewer.OrganizationID).
			SetKind(j.Kind).SetSubjectID(j.SubjectID).SetPart(j.Part)
		if j.Priority != "" {
			rows[i].SetPriority(j.Priority)
		}
		if !j.DueAt.IsZero() {
			rows[i].SetDueAt(j.DueAt.UTC().Truncate(time.Microsecond))
		}
	}
	jobs := make([]*ent.Job, 0, len(rows))
	for chunk := range slices.Chunk(rows, bulkRows) {
		written, err := t.Job.CreateBulk(chunk...).Save(ctx)
		if err != nil {
			return nil, fmt.Errorf("write jobs: %w", err)
		}
		jobs = append(jobs, written...)
	}
	return jobs, nil
}

func (t *Tx) writeAudits(ctx context.Context, viewer rule.Viewer) error {
	if len(t.audits) == 0 {
		return nil
	}
	via := viewer.TokenID
	if via == "" {
		via = viewer.SessionID
	}
	rows := make([]*ent.AuditEntryCreate, len(t.audits))
	for i, a := range t.audits {
		data, err := json.Marshal(a.Data)
		if err != nil {
			return fmt.Errorf("encode audit entry %s: %w", a.Action, err)
		}
		rows[i] = t.AuditEntry.Create().SetOrganizationID(viewer.OrganizationID).
			SetActor(viewer.Actor()).SetVia(via).SetAction(a.Action).SetSubjectID(a.SubjectID).SetData(data)
	}
	for chunk := range slices.Chunk(rows, bulkRows) {
		if err := t.AuditEntry.CreateBulk(chunk...).Exec(ctx); err != nil {
			return fmt.Errorf("write audit entries: %w", err)
		}
	}
	return nil
}

// writeEvents numbers the events after the organization's latest and returns the
// last number. The update of the organization's row holds its lock until the
// commit, which is what makes the numbers gapless and their order that of the
// commits.
func (t *Tx) writeEvents(ctx context.Context, viewer rule.Viewer) (int64, error) {
	n := int64(len(t.events))
	if n == 0 {
		return 0, nil
	}
	system := rule.System(ctx)
	org, err := t.Organization.UpdateOneID(viewer.OrganizationID).AddEventSeq(n).Save(system)
	if err != nil {
		return 0, fmt.Errorf("number events: %w", err)
	}
	rows := make([]*ent.EventCreate, n)
	for i, e := range t.events {
		data, err := json.Marshal(e.Data)
		if err != nil {
			return 0, fmt.Errorf("encode event %s: %w", e.Type, err)
		}
		rows[i] = t.Event.Create().SetOrganizationID(viewer.OrganizationID).
			SetSeq(org.EventSeq - n + int64(i) + 1).SetType(e.Type).SetSubjectID(e.SubjectID).
			SetWeddingID(e.WeddingID).SetActor(viewer.Actor()).SetData(data)
	}
	for chunk := range slices.Chunk(rows, bulkRows) {
		if err := t.Event.CreateBulk(chunk...).Exec(ctx); err != nil {
			return 0, fmt.Errorf("write events: %w", err)
		}
	}
	return org.EventSeq, nil
}
