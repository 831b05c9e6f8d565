package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// File is a path that a sync keeps in step, with the source's state as it was
// last agreed on.
type File struct{ ent.Schema }

func (File) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.File}, tenant{writer: rule.RoleMember}}
}

func (File) Fields() []ent.Field {
	return []ent.Field{
		field.String("wedding_id").Immutable().MaxLen(40),
		field.String("sync_id").Immutable().MaxLen(40),
		field.String("path").MaxLen(4096),
		field.Int64("size"),
		field.Time("mod_time").Optional(),
		field.String("sha256").Default("").MaxLen(64),
		field.String("revision").Default("").MaxLen(500).Comment("The source's revision of this content."),
		field.Int("version").Default(1).Comment("Number of the current FileVersion."),
		field.Time("deleted_at").Optional().Nillable().Comment("When it was found to have vanished from the source."),
	}
}

func (File) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("wedding", Wedding.Type).Unique().Required().Immutable().Field("wedding_id"),
		edge.To("sync", FileSync.Type).Unique().Required().Immutable().Field("sync_id"),
		edge.To("versions", FileVersion.Type),
		edge.To("replicas", Replica.Type),
	}
}

func (File) Indexes() []ent.Index {
	return []ent.Index{index.Fields("sync_id", "path").Unique(), index.Fields("wedding_id", "id")}
}
