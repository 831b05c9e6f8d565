package transfer

import (
	"context"
	"fmt"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
)

// maxStateReason is how long a connection's reason may be, in bytes.
const maxStateReason = 1000

// shorten cuts s to at most n bytes between two characters.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	end := 0
	for i := range s {
		if i > n {
			break
		}
		end = i
	}
	return s[:end]
}

// sides are source and target as the transfer's plan saw them.
func sides(o *outcome) (source, target detail.Side) {
	x := o.row.Expect
	source = detail.Side{Revision: x.SourceRevision, Size: x.SourceSize, ModTime: x.SourceModTime, SHA256: x.SourceSHA256}
	target = detail.Side{Revision: x.TargetRevision, Size: x.TargetSize, ModTime: x.TargetModTime}
	return source, target
}

// kindOf returns which kind of conflict the transfer is about.
func kindOf(row *ent.Transfer) conflict.Kind {
	if row.Conflict != "" {
		return conflict.Kind(row.Conflict)
	}
	return conflict.KindBOTH_CHANGED
}

// openConflict leaves a conflict for a person to decide. A decision about what was
// there before is void; one about what is there now stands.
func (l *ledger) openConflict(ctx context.Context, o *outcome) error {
	source, target := sides(o)
	at := pair{*o.row.TargetID, o.row.Path}
	known := l.conflicts[at]
	if len(known) == 0 {
		row, err := l.newConflict(o).SetState(conflict.StateOPEN).Save(ctx)
		if err != nil {
			return fmt.Errorf("open conflict: %w", err)
		}
		l.tellConflict("opened", row, map[string]any{"kind": row.Kind})
		return nil
	}
	row := known[len(known)-1]
	decided := row.State == conflict.StateRESOLVING
	if decided && row.Source.Revision == source.Revision && row.Target.Revision == target.Revision {
		return nil
	}
	row, err := row.Update().SetState(conflict.StateOPEN).SetSource(source).SetTarget(target).
		ClearResolution().SetResolvedBy("").Save(ctx)
	if err != nil {
		return fmt.Errorf("refresh conflict: %w", err)
	}
	if decided {
		l.tellConflict("opened", row, map[string]any{"kind": row.Kind})
	}
	return nil
}

func (l *ledger) newConflict(o *outcome) *ent.ConflictCreate {
	source, target := sides(o)
	return l.tx.Conflict.Create().SetOrganizationID(l.run.OrganizationID).SetWeddingID(l.sync.WeddingID).
		SetSyncID(l.sync.ID).SetTargetID(*o.row.TargetID).SetRunID(l.run.ID).SetPath(o.row.Path).
		SetKind(kindOf(o.row)).SetSource(source).SetTarget(target)
}

// resolve closes the conflicts that the transfer settled. One that a strategy
// settled at once is noted too, so that people can see what became of the content
// that yielded.
func (l *ledger) resolve(ctx context.Context, o *outcome) error {
	resolution := o.resolution
	if resolution == "" {
		resolution = conflict.ResolutionSOURCE
	}
	known := l.conflicts[pair{*o.row.TargetID, o.row.Path}]
	for _, c := range known {
		by := c.ResolvedBy
		if c.State == conflict.StateOPEN || by == "" {
			by = string(l.sync.ConflictStrategy)
		}
		row, err := c.Update().SetState(conflict.StateRESOLVED).SetResolution(resolution).
			SetResolvedBy(by).SetRetainedPath(o.kept).SetResolvedAt(o.finished).Save(ctx)
		if err != nil {
			return fmt.Errorf("resolve conflict: %w", err)
		}
		l.tellConflict("resolved", row, map[string]any{"resolution": resolution})
	}
	delete(l.conflicts, pair{*o.row.TargetID, o.row.Path})
	if len(known) > 0 || o.row.Conflict == "" || resolution == conflict.ResolutionGONE || o.row.Kind == transfer.KindCONFLICT {
		return nil
	}
	row, err := l.newConflict(o).SetState(conflict.StateRESOLVED).SetResolution(resolution).
		SetResolvedBy(string(l.sync.ConflictStrategy)).SetRetainedPath(o.kept).SetResolvedAt(o.finished).Save(ctx)
	if err != nil {
		return fmt.Errorf("note settled conflict: %w", err)
	}
	l.tellConflict("resolved", row, map[string]any{"resolution": resolution})
	return nil
}

func (l *ledger) tellConflict(what string, c *ent.Conflict, more map[string]any) {
	data := map[string]any{"syncId": c.SyncID, "targetId": c.TargetID, "path": c.Path}
	for k, v := range more {
		data[k] = v
	}
	l.tx.Emit(hub.Event{Type: "conflict." + what, SubjectID: c.ID, WeddingID: c.WeddingID, Data: data})
}
