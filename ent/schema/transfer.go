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

// Transfer is one operation of a run: one file at one target.
type Transfer struct{ ent.Schema }

func (Transfer) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Transfer}, tenant{writer: rule.RoleMember}}
}

func (Transfer) Fields() []ent.Field {
	return []ent.Field{
		field.String("run_id").Immutable().MaxLen(40),
		field.String("target_id").Immutable().Optional().Nillable().MaxLen(40).
			Comment("Absent where the source itself is refused (a name no store may hold)."),
		field.Int("shard").Default(0).NonNegative().Comment("All operations of one path share a shard."),
		field.Enum("kind").Values(
			"COPY",      // the target lacks the file
			"UPDATE",    // the target has the content both agreed on
			"RENAME",    // the target has the content under from_path
			"DELETE",    // the file vanished from the source
			"COMPARE",   // both have it and never agreed: prove that they are equal
			"ADOPT",     // known to be equal: only the books change
			"PULL",      // the target's content replaces the source's
			"KEEP_BOTH", // the target's content moves aside and the source's is copied
			"CONFLICT",  // both changed and a person has to decide
			"REFUSE",    // the target cannot hold it
		).Immutable(),
		field.String("path").Immutable().MaxLen(4096),
		field.String("from_path").Optional().Immutable().MaxLen(4096),
		field.Enum("state").Values("PLANNED", "RUNNING", "DONE", "FAILED", "SKIPPED", "REFUSED", "CONFLICT").
			Default("PLANNED"),
		field.String("reason").Default("").MaxLen(2000),
		field.String("error_kind").Default("").MaxLen(40),
		field.JSON("expect", detail.Expectation{}).Immutable().Comment("What the plan saw; the operation happens only while it holds."),
		field.Bool("retain").Default(false).Immutable().
			Comment("What the target (for PULL: the source) holds is kept below the hub's folder before it goes."),
		field.String("conflict").Default("").Immutable().MaxLen(40).
			Comment("The kind of conflict that the operation settles or reports, if any."),
		field.String("retained_path").Optional().MaxLen(4200).
			Comment("Where the content that yields is kept; for KEEP_BOTH planned beforehand."),
		field.Int64("bytes").Default(0).Immutable().Comment("Bytes that have to travel."),
		field.Int64("moved").Default(0).Comment("Bytes that did."),
		field.Int("attempts").Default(0),
		field.Bytes("checkpoint").Optional().MaxLen(64 << 10).Comment("Where the upload can resume."),
		field.String("sha256").Default("").MaxLen(64).Comment("Of the content that arrived."),
		field.Enum("verified").Values("NONE", "SIZE", "HASH", "FULL").Default("NONE"),
		field.Time("started_at").Optional().Nillable(),
		field.Time("finished_at").Optional().Nillable(),
	}
}

func (Transfer) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("run", SyncRun.Type).Unique().Required().Immutable().Field("run_id"),
		edge.To("target", SyncTarget.Type).Unique().Immutable().Field("target_id"),
	}
}

func (Transfer) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("run_id", "shard", "id"),
		index.Fields("run_id", "id"),
		index.Fields("run_id", "state"),
	}
}
