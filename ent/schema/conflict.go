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

// Conflict is a path whose source and target both changed since they agreed.
type Conflict struct{ ent.Schema }

func (Conflict) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Conflict}, tenant{writer: rule.RoleMember}}
}

func (Conflict) Fields() []ent.Field {
	return []ent.Field{
		field.String("wedding_id").Immutable().MaxLen(40),
		field.String("sync_id").Immutable().MaxLen(40),
		field.String("target_id").Immutable().MaxLen(40),
		field.String("run_id").Immutable().MaxLen(40).Comment("The run that found it."),
		field.String("path").Immutable().MaxLen(4096),
		field.Enum("kind").Values(
			"BOTH_CHANGED",      // source and target differ from what they agreed on
			"BOTH_CREATED",      // never agreed, and different
			"TARGET_CHANGED",    // only the target changed, which the source would overwrite
			"DELETED_AT_SOURCE", // the target changed what the source deleted
		).Immutable(),
		field.JSON("source", detail.Side{}).Comment("What the source held; an empty revision: nothing."),
		field.JSON("target", detail.Side{}).Comment("What the target held."),
		field.Enum("state").Values("OPEN", "RESOLVING", "RESOLVED").Default("OPEN"),
		field.Enum("resolution").Values("SOURCE", "TARGET", "KEEP_BOTH", "GONE").Optional().Nillable().
			Comment("GONE: the two agree again without the hub's doing."),
		field.String("resolved_by").Default("").MaxLen(40).Comment("A user, or the strategy's name."),
		field.String("retained_path").Default("").MaxLen(4200).Comment("Where the content that lost is kept."),
		field.Time("resolved_at").Optional().Nillable(),
	}
}

func (Conflict) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("wedding", Wedding.Type).Unique().Required().Immutable().Field("wedding_id"),
		edge.To("sync", FileSync.Type).Unique().Required().Immutable().Field("sync_id"),
		edge.To("target_store", SyncTarget.Type).Unique().Required().Immutable().Field("target_id"),
	}
}

func (Conflict) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("sync_id", "target_id", "path"),
		index.Fields("organization_id", "state", "id"),
	}
}
