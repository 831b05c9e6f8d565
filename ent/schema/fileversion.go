package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// FileVersion is one content that a file had.
type FileVersion struct{ ent.Schema }

func (FileVersion) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Version}, tenant{writer: rule.RoleMember}}
}

func (FileVersion) Fields() []ent.Field {
	return []ent.Field{
		field.String("file_id").Immutable().MaxLen(40),
		field.String("run_id").Immutable().MaxLen(40).Comment("The run that recorded it."),
		field.Int("number").Immutable().Positive(),
		field.String("path").Immutable().MaxLen(4096).Comment("The file's path at that time."),
		field.Int64("size").Immutable(),
		field.Time("mod_time").Optional().Immutable(),
		field.String("sha256").Immutable().MaxLen(64),
	}
}

func (FileVersion) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("file", File.Type).Ref("versions").Unique().Required().Immutable().Field("file_id"),
		edge.To("run", SyncRun.Type).Unique().Required().Immutable().Field("run_id"),
	}
}

func (FileVersion) Indexes() []ent.Index {
	return []ent.Index{index.Fields("file_id", "number").Unique()}
}
