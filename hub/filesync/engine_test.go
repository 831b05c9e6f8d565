package filesync_test

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/file"
	"github.com/wedsync/wedsync/ent/replica"
	"github.com/wedsync/wedsync/ent/transfer"
	"github.com/wedsync/wedsync/hub"
)

// carryOut is the plainest engine: it does a shard's operations one after the
// other and keeps the books that the next plan reads.
func (s *studio) carryOut(j *ent.Job) {
	s.Helper()
	run := s.client.SyncRun.GetX(s.system, j.SubjectID)
	f := s.client.FileSync.GetX(s.system, run.SyncID)
	rows := s.client.Transfer.Query().
		Where(transfer.RunID(run.ID), transfer.Shard(j.Part), transfer.StateEQ(transfer.StatePLANNED)).
		WithTarget().Order(transfer.ByID()).AllX(s.system)
	for _, row := range rows {
		s.operate(f, row)
		s.client.Transfer.UpdateOne(row).SetState(transfer.StateDONE).SetMoved(row.Bytes).
			SetVerified(transfer.VerifiedHASH).ExecX(s.system)
		s.client.Conflict.Update().
			Where(conflict.SyncID(f.ID), conflict.TargetID(*row.TargetID), conflict.Path(row.Path), conflict.StateEQ(conflict.StateRESOLVING)).
			SetState(conflict.StateRESOLVED).ExecX(s.system)
	}
	open := s.client.Transfer.Query().Where(transfer.RunID(run.ID), transfer.StateEQ(transfer.StatePLANNED)).ExistX(s.system)
	if !open {
		s.client.Job.Create().SetOrganizationID(s.org).SetKind(hub.JobRunFinish).SetSubjectID(run.ID).ExecX(s.system)
	}
}

func (s *studio) operate(f *ent.FileSync, row *ent.Transfer) {
	s.Helper()
	source, target := s.open[f.SourceID], s.open[row.Edges.Target.ConnectionID]
	from, to := join(f.SourcePath, row.Path), join(row.Edges.Target.Path, row.Path)
	old := to
	if row.FromPath != "" {
		old = join(row.Edges.Target.Path, row.FromPath)
	}
	expect := connectors.Expect{Revision: row.Expect.TargetRevision, Absent: row.Expect.TargetRevision == ""}
	switch row.Kind {
	case transfer.KindDELETE:
		s.remove(row.Edges.Target.ConnectionID, old)
		s.forget(f, row)
		return
	case transfer.KindADOPT, transfer.KindCOMPARE:
		if row.Expect.SourceRevision == "" {
			s.forget(f, row)
			return
		}
	case transfer.KindRENAME:
		if _, err := target.(connectors.Mover).Move(s.ctx, old, to, expect); err != nil {
			s.Fatal(err)
		}
		s.client.File.Update().Where(file.SyncID(f.ID), file.Path(row.FromPath)).SetPath(row.Path).ExecX(s.system)
	case transfer.KindPULL:
		text, _ := s.read(target, old)
		s.write(source, from, text, connectors.Expect{Revision: row.Expect.SourceRevision})
	case transfer.KindKEEP_BOTH:
		text, _ := s.read(target, old)
		s.write(source, join(f.SourcePath, row.RetainedPath), text, connectors.Expect{Absent: true})
		if _, err := target.(connectors.Mover).Move(s.ctx, old, join(row.Edges.Target.Path, row.RetainedPath), expect); err != nil {
			s.Fatal(err)
		}
		expect = connectors.Expect{Absent: true}
		fallthrough
	default:
		text, _ := s.read(source, from)
		s.write(target, to, text, expect)
	}
	s.agree(f, row, from, to)
}

func (s *studio) agree(f *ent.FileSync, row *ent.Transfer, from, to string) {
	s.Helper()
	text, ours := s.read(s.open[f.SourceID], from)
	_, theirs := s.read(s.open[row.Edges.Target.ConnectionID], to)
	sum := sha256.Sum256([]byte(text))
	known, err := s.client.File.Query().Where(file.SyncID(f.ID), file.Path(row.Path)).Only(s.system)
	if ent.IsNotFound(err) {
		known, err = s.client.File.Create().SetOrganizationID(s.org).SetWeddingID(f.WeddingID).SetSyncID(f.ID).
			SetPath(row.Path).SetSize(ours.Size).Save(s.system)
	}
	if err != nil {
		s.Fatal(err)
	}
	s.client.Replica.Delete().Where(replica.FileID(known.ID), replica.TargetID(*row.TargetID)).ExecX(s.system)
	s.client.Replica.Create().SetOrganizationID(s.org).SetFileID(known.ID).SetTargetID(*row.TargetID).
		SetPath(row.Path).SetSize(ours.Size).SetSha256(hex.EncodeToString(sum[:])).
		SetSourceRevision(ours.Revision).SetRevision(theirs.Revision).SetVerified(replica.VerifiedHASH).ExecX(s.system)
}

func (s *studio) forget(f *ent.FileSync, row *ent.Transfer) {
	s.Helper()
	s.client.Replica.Delete().
		Where(replica.TargetID(*row.TargetID), replica.HasFileWith(file.SyncID(f.ID), file.Path(row.Path))).ExecX(s.system)
	s.client.File.Update().Where(file.SyncID(f.ID), file.Path(row.Path)).SetDeletedAt(s.now()).ExecX(s.system)
}

func join(folder, path string) string {
	if folder == "" {
		return path
	}
	return folder + "/" + path
}
