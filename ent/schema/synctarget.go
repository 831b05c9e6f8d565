package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// SyncTarget is one place a sync keeps its files at.
type SyncTarget struct{ ent.Schema }

func (SyncTarget) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Target}, tenant{writer: rule.RoleMember}}
}

func (SyncTarget) Fields() []ent.Field {
	return []ent.Field{
		field.String("sync_id").Immutable().MaxLen(40),
		field.String("connection_id").Immutable().MaxLen(40),
		field.String("path").Default("").MaxLen(4096).Immutable().Comment("Folder below the connection's root."),
		field.Int("position").NonNegative().Comment("Order of the targets; decides between two that both won."),
		field.Time("removed_at").Optional().Nillable(),
	}
}

func (SyncTarget) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("sync", FileSync.Type).Ref("targets").Unique().Required().Immutable().Field("sync_id"),
		edge.To("connection", Connection.Type).Unique().Required().Immutable().Field("connection_id"),
	}
}

func (SyncTarget) Indexes() []ent.Index {
	return []ent.Index{index.Fields("sync_id", "position"), index.Fields("connection_id")}
}
