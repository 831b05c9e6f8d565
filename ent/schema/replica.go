package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// Replica is what a target held of a file when target and source last agreed:
// the base of the three-way comparison.
type Replica struct{ ent.Schema }

func (Replica) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Replica}, tenant{writer: rule.RoleMember}}
}

func (Replica) Fields() []ent.Field {
	return []ent.Field{
		field.String("file_id").Immutable().MaxLen(40),
		field.String("target_id").Immutable().MaxLen(40),
		field.String("path").MaxLen(4096).Comment("Where the target has it."),
		field.Int64("size"),
		field.String("sha256").MaxLen(64).Comment("Of the content agreed on; the target lags while the file's own differs."),
		field.String("source_revision").MaxLen(500),
		field.String("revision").MaxLen(500).Comment("The target's revision of that content."),
		field.String("version").Default("").MaxLen(500).Comment("The target's id of the stored version, if it keeps versions."),
		field.Enum("verified").Values("NONE", "SIZE", "HASH", "FULL"),
		field.Time("verified_at").Optional().Nillable(),
	}
}

func (Replica) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("file", File.Type).Ref("replicas").Unique().Required().Immutable().Field("file_id"),
		edge.To("target", SyncTarget.Type).Unique().Required().Immutable().Field("target_id"),
	}
}

func (Replica) Indexes() []ent.Index {
	return []ent.Index{index.Fields("target_id", "file_id").Unique(), index.Fields("file_id")}
}
