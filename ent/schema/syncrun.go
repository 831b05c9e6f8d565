package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/detail"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// SyncRun is one plan of a sync and, once started, its execution. Its operations
// are Transfers.
type SyncRun struct{ ent.Schema }

func (SyncRun) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Run}, tenant{writer: rule.RoleMember}}
}

func (SyncRun) Fields() []ent.Field {
	return []ent.Field{
		field.String("sync_id").Immutable().MaxLen(40),
		field.Enum("state").Values(
			"PLANNING",  // the world is being read
			"PLANNED",   // shown, nothing done; may be started until it expires
			"STARTING",  // a plan is being compared with the world before it runs
			"RUNNING",   //
			"PAUSED",    // by a person, or because a store asks for one (see reason)
			"COMPLETED", // every operation done and verified
			"PARTIAL",   // ended with failures, refusals or open conflicts
			"FAILED",    // could not plan or run at all
			"CANCELED",  //
			"STALE",     // the world changed since the plan; nothing was done
		).Default("PLANNING"),
		field.String("reason").Default("").MaxLen(2000).Comment("Why it is in this state, for people."),
		field.Enum("trigger").Values("PLAN", "START", "CHANGE", "RESOLVE").Immutable(),
		field.String("conflict_id").Optional().Nillable().Immutable().MaxLen(40).
			Comment("A run that settles one conflict touches only its path."),
		field.Bool("autostart").Default(false).Comment("Goes from PLANNED to RUNNING by itself."),
		field.String("digest").Default("").MaxLen(64).
			Comment("SHA-256 over the plan's operations; two plans with one digest do the same."),
		field.JSON("totals", detail.RunTotals{}).Optional(),
		field.JSON("report", detail.RunReport{}).Optional(),
		field.Int("operations").Default(0).Comment("Transfers that have to be carried out."),
		field.Int("operations_done").Default(0),
		field.Int("operations_failed").Default(0).Comment("Failed, refused, skipped or in conflict."),
		field.Int64("bytes_total").Default(0),
		field.Int64("bytes_done").Default(0).Comment("Of finished operations; what is in flight is progress."),
		field.String("requested_by").Default("").MaxLen(40).Immutable(),
		field.Int("shards").Default(0).Comment("Parts the operations were divided into."),
		field.Time("planned_at").Optional().Nillable(),
		field.Time("started_at").Optional().Nillable(),
		field.Time("finished_at").Optional().Nillable(),
	}
}

func (SyncRun) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("sync", FileSync.Type).Unique().Required().Immutable().Field("sync_id"),
	}
}

func (SyncRun) Indexes() []ent.Index {
	return []ent.Index{index.Fields("sync_id", "id"), index.Fields("organization_id", "state")}
}
