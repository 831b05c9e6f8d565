package filesync

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/file"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/filesync/reconcile"
)

const (
	// bulkRows is how many rows one INSERT takes.
	bulkRows = 500
	// A shard holds the operations of so many paths or bytes, whichever comes
	// first: little enough that a worker which takes it over has little to look
	// through, and that several can share a run.
	shardPaths = 64
	shardBytes = 256 << 20
)

// sharded returns the shard of each of the plan's operations. Those of one path
// are together.
func sharded(p reconcile.Plan) []int {
	out := make([]int, len(p.Operations))
	shard, paths, bytes := 0, 0, int64(0)
	for i, op := range p.Operations {
		if i == 0 || op.Path != p.Operations[i-1].Path {
			if paths >= shardPaths || bytes >= shardBytes {
				shard, paths, bytes = shard+1, 0, 0
			}
			paths++
		}
		bytes += op.Bytes
		out[i] = shard
	}
	return out
}

func shardsOf(p reconcile.Plan) int {
	shards := sharded(p)
	if len(shards) == 0 {
		return 0
	}
	return shards[len(shards)-1] + 1
}

// writeOperations writes the plan's operations in place of what an interrupted
// attempt may have left.
func (s *Service) writeOperations(ctx context.Context, run *ent.SyncRun, p reconcile.Plan) error {
	err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
		_, err := tx.Transfer.Delete().Where(transfer.RunID(run.ID)).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("clear an earlier attempt: %w", err)
	}
	shards := sharded(p)
	for start := 0; start < len(p.Operations); start += bulkRows {
		chunk := p.Operations[start:min(start+bulkRows, len(p.Operations))]
		err := s.store.InTx(ctx, func(ctx context.Context, tx *hub.Tx) error {
			rows := make([]*ent.TransferCreate, len(chunk))
			for i, op := range chunk {
				rows[i] = row(tx, run, op).SetShard(shards[start+i])
			}
			return tx.Transfer.CreateBulk(rows...).Exec(ctx)
		})
		if err != nil {
			return fmt.Errorf("write operations: %w", err)
		}
	}
	return nil
}

func row(tx *hub.Tx, run *ent.SyncRun, op reconcile.Operation) *ent.TransferCreate {
	create := tx.Transfer.Create().SetOrganizationID(run.OrganizationID).SetRunID(run.ID).
		SetKind(op.Kind).SetPath(storable(op.Path)).SetReason(cut(storable(op.Reason), 2000)).
		SetExpect(op.Expect).SetRetain(op.Retain).SetBytes(op.Bytes).SetState(bornIn(op.Kind))
	if op.TargetID != "" {
		create.SetTargetID(op.TargetID)
	}
	if op.FromPath != "" {
		create.SetFromPath(op.FromPath)
	}
	if op.Aside != "" {
		create.SetRetainedPath(op.Aside)
	}
	if op.Conflict != nil {
		create.SetConflict(string(op.Conflict.Kind))
	}
	return create
}

// bornIn is the state of a fresh operation: what nobody has to carry out is over.
func bornIn(kind transfer.Kind) transfer.State {
	switch kind {
	case transfer.KindCONFLICT:
		return transfer.StateCONFLICT
	case transfer.KindREFUSE:
		return transfer.StateREFUSED
	}
	return transfer.StatePLANNED
}

// storable makes a text, such as a name that is refused because of what it holds,
// one that a database takes.
func storable(text string) string {
	return cut(strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD"), 4096)
}

// actsOn reports which paths the plan has operations for, old names included.
func actsOn(p reconcile.Plan) map[string]bool {
	paths := map[string]bool{}
	for _, op := range p.Operations {
		paths[op.Path] = true
		if op.Kind == transfer.KindRENAME {
			paths[op.FromPath] = true
		}
	}
	return paths
}

// bookVanished notes which files vanished from the source while the sync leaves
// them at its targets, and which are back. What is deleted at a target is noted
// when that is done.
func (s *Service) bookVanished(ctx context.Context, tx *hub.Tx, w *world, p reconcile.Plan) error {
	acts := actsOn(p)
	var vanished, back []*ent.File
	for path, f := range w.files {
		_, there := w.Source.Files[path]
		switch {
		case there && f.DeletedAt != nil:
			back = append(back, f)
		case !there && f.DeletedAt == nil && !acts[path] && !w.unsure(p, path):
			vanished = append(vanished, f)
		}
	}
	for chunk := range slices.Chunk(vanished, bulkRows) {
		if err := tx.File.Update().Where(file.IDIn(ids(chunk)...)).SetDeletedAt(s.now()).Exec(ctx); err != nil {
			return fmt.Errorf("note vanished files: %w", err)
		}
		for _, f := range chunk {
			tx.Emit(hub.Event{Type: "file.deleted", SubjectID: f.ID, WeddingID: w.sync.WeddingID, Data: map[string]any{
				"path": f.Path, "syncId": w.sync.ID,
			}})
		}
	}
	for chunk := range slices.Chunk(back, bulkRows) {
		if err := tx.File.Update().Where(file.IDIn(ids(chunk)...)).ClearDeletedAt().Exec(ctx); err != nil {
			return fmt.Errorf("note files that are back: %w", err)
		}
	}
	return nil
}

// unsure reports whether the plan could not tell if the file is there.
func (w *world) unsure(p reconcile.Plan, path string) bool {
	return slices.ContainsFunc(w.Targets, func(t reconcile.Target) bool {
		return p.Waiting[reconcile.Place{TargetID: t.ID, Path: path}]
	})
}

func ids(files []*ent.File) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = f.ID
	}
	return out
}
