package graph_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/membership"
	"github.com/wedsync/wedsync/ent/replica"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/ent/syncrun"
	"github.com/wedsync/wedsync/ent/token"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/internal/id"
	"github.com/wedsync/wedsync/internal/testenv"
)

// studio is an organization with one of everything. Whatever in it is text holds
// its mark, so that a leak can be told.
type studio struct {
	mark string
	// ctx is its owner's.
	ctx context.Context
	// ids are its things', by the prefix that names their kind.
	ids map[id.Prefix]string
}

func found(t *testing.T, p testenv.Pair, a *api, mark string) *studio {
	t.Helper()
	system := rule.System(t.Context())
	c := p.Client
	org := c.Organization.Create().SetName(mark + " studio").SaveX(system)
	ctx := rule.SystemWithin(t.Context(), org.ID)
	user := c.User.Create().SetEmail(mark + "@example.org").SetName(mark + " owner").SaveX(system)
	member := c.Membership.Create().SetOrganizationID(org.ID).SetUserID(user.ID).SetRole(membership.RoleOWNER).SaveX(ctx)
	tok := c.Token.Create().SetOrganizationID(org.ID).SetUserID(user.ID).SetName(mark + " token").
		SetRole(token.RoleADMIN).SetHash([]byte(mark)).SaveX(ctx)
	s := &studio{mark: mark, ids: map[id.Prefix]string{
		id.Organization: org.ID, id.User: user.ID, id.Membership: member.ID, id.Token: tok.ID,
	}}
	s.ctx = rule.With(t.Context(), rule.Viewer{OrganizationID: org.ID, UserID: user.ID, TokenID: tok.ID, Role: rule.RoleOwner})
	s.addSync(ctx, c, org.ID)
	s.addRun(ctx, c, org.ID)
	s.addEvent(t, a, c)
	return s
}

func (s *studio) addSync(ctx context.Context, c *ent.Client, org string) {
	w := c.Wedding.Create().SetOrganizationID(org).SetName(s.mark + " wedding").
		SetDate("2026-06-20").SetTimeZone("Europe/Lisbon").SetRegion(s.mark).SaveX(ctx)
	con := c.Connection.Create().SetOrganizationID(org).SetProvider("memory").SetName(s.mark + " store").
		SetSettings(map[string]string{"store": s.mark}).SaveX(ctx)
	syn := c.FileSync.Create().SetOrganizationID(org).SetWeddingID(w.ID).SetSourceID(con.ID).SetSourcePath(s.mark + "/in").
		SetName(s.mark + " sync").SetInclude([]string{s.mark + "/**"}).SaveX(ctx)
	tgt := c.SyncTarget.Create().SetOrganizationID(org).SetSyncID(syn.ID).SetConnectionID(con.ID).
		SetPath(s.mark + "/out").SetPosition(0).SaveX(ctx)
	fil := c.File.Create().SetOrganizationID(org).SetWeddingID(w.ID).SetSyncID(syn.ID).SetPath(s.mark + ".jpg").
		SetSize(7).SetSha256(s.mark).SetRevision(s.mark).SaveX(ctx)
	s.ids[id.Wedding], s.ids[id.Connection], s.ids[id.Sync], s.ids[id.Target], s.ids[id.File] = w.ID, con.ID, syn.ID, tgt.ID, fil.ID
}

func (s *studio) addRun(ctx context.Context, c *ent.Client, org string) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	run := c.SyncRun.Create().SetOrganizationID(org).SetSyncID(s.ids[id.Sync]).SetTrigger(syncrun.TriggerSTART).
		SetState(syncrun.StatePARTIAL).SetReason(s.mark + " failed").SetDigest(s.mark).SetOperations(1).SetOperationsFailed(1).
		SetReport(detail.RunReport{Failed: 1, Recommendations: []string{s.mark + " again"}}).
		SetPlannedAt(now).SetStartedAt(now).SetFinishedAt(now).SetRequestedBy(s.ids[id.User]).SaveX(ctx)
	trf := c.Transfer.Create().SetOrganizationID(org).SetRunID(run.ID).SetTargetID(s.ids[id.Target]).
		SetKind(transfer.KindCOPY).SetPath(s.mark + ".jpg").SetState(transfer.StateFAILED).SetReason(s.mark + " is full").
		SetExpect(detail.Expectation{}).SaveX(ctx)
	ver := c.FileVersion.Create().SetOrganizationID(org).SetFileID(s.ids[id.File]).SetRunID(run.ID).SetNumber(1).
		SetPath(s.mark + ".jpg").SetSize(7).SetSha256(s.mark).SaveX(ctx)
	rep := c.Replica.Create().SetOrganizationID(org).SetFileID(s.ids[id.File]).SetTargetID(s.ids[id.Target]).
		SetPath(s.mark + ".jpg").SetSize(7).SetSha256(s.mark).SetSourceRevision(s.mark).SetRevision(s.mark).
		SetVerified(replica.VerifiedHASH).SaveX(ctx)
	cfl := c.Conflict.Create().SetOrganizationID(org).SetWeddingID(s.ids[id.Wedding]).SetSyncID(s.ids[id.Sync]).
		SetTargetID(s.ids[id.Target]).SetRunID(run.ID).SetPath(s.mark + ".jpg").SetKind(conflict.KindBOTH_CHANGED).
		SetSource(detail.Side{Revision: s.mark, SHA256: s.mark}).SetTarget(detail.Side{Revision: s.mark}).SaveX(ctx)
	s.ids[id.Run], s.ids[id.Transfer], s.ids[id.Version], s.ids[id.Replica], s.ids[id.Conflict] = run.ID, trf.ID, ver.ID, rep.ID, cfl.ID
}

// addEvent records a change of the studio's file, with an audit entry.
func (s *studio) addEvent(t *testing.T, a *api, c *ent.Client) {
	t.Helper()
	err := a.store.InTx(s.ctx, func(_ context.Context, tx *hub.Tx) error {
		tx.Emit(hub.Event{
			Type: "file.created", SubjectID: s.ids[id.File], WeddingID: s.ids[id.Wedding],
			Data: map[string]string{"path": s.mark + ".jpg"},
		})
		tx.Audit(hub.Audit{Action: "file.touch", SubjectID: s.ids[id.File], Data: map[string]string{"path": s.mark + ".jpg"}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.ids[id.Event] = c.Event.Query().FirstIDX(s.ctx)
	s.ids[id.Audit] = c.AuditEntry.Query().FirstIDX(s.ctx)
}

// rows are all the studio's rows as text, to see whether anything changed.
func (s *studio) rows(t *testing.T, c *ent.Client) string {
	t.Helper()
	ctx := rule.SystemWithin(t.Context(), s.ids[id.Organization])
	text, err := json.Marshal([]any{
		c.Organization.GetX(ctx, s.ids[id.Organization]), c.Membership.Query().AllX(ctx), c.Token.Query().AllX(ctx),
		c.Wedding.Query().AllX(ctx), c.Connection.Query().AllX(ctx), c.FileSync.Query().AllX(ctx), c.SyncTarget.Query().AllX(ctx),
		c.SyncRun.Query().AllX(ctx), c.Transfer.Query().AllX(ctx), c.File.Query().AllX(ctx), c.FileVersion.Query().AllX(ctx),
		c.Replica.Query().AllX(ctx), c.Conflict.Query().AllX(ctx), c.Event.Query().AllX(ctx), c.AuditEntry.Query().AllX(ctx),
		c.Job.Query().AllX(ctx), c.Request.Query().AllX(ctx), c.Session.Query().AllX(ctx),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
