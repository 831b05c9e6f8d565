package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// FileSync defines that the files below a source are kept in step at some targets.
type FileSync struct{ ent.Schema }

func (FileSync) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Sync}, tenant{writer: rule.RoleMember}}
}

func (FileSync) Fields() []ent.Field {
	return []ent.Field{
		field.String("wedding_id").Immutable().MaxLen(40),
		field.String("source_id").Immutable().MaxLen(40).Comment("The connection that files come from."),
		field.String("source_path").Default("").MaxLen(4096).Immutable().Comment("Folder below the connection's root."),
		field.String("name").NotEmpty().MaxLen(200),
		field.Enum("mode").Values("MANUAL", "CONTINUOUS").Default("MANUAL").
			Comment("CONTINUOUS starts a run when the source changes."),
		field.JSON("include", []string{}).Optional().Comment("Glob patterns; empty: every file."),
		field.JSON("exclude", []string{}).Optional(),
		field.Enum("verification").Values("NONE", "SIZE", "HASH", "FULL").Default("HASH"),
		field.Enum("conflict_strategy").
			Values("SOURCE_WINS", "TARGET_WINS", "NEWEST", "LARGEST", "KEEP_BOTH", "MANUAL").Default("MANUAL"),
		field.Enum("delete_mode").Values("NONE", "TRASH", "PERMANENT").Default("NONE").
			Comment("What happens at a target to a file that vanished from the source."),
		field.Int("max_delete_percent").Default(25).Min(0).Max(100).
			Comment("A run that would delete more of a target's files than this is refused."),
		field.Bool("allow_empty_source").Default(false).
			Comment("Without it, an empty source is taken for a failure and nothing is deleted."),
		field.Enum("priority").Values("BACKGROUND", "NORMAL", "INTERACTIVE", "WEDDING_DAY").Default("NORMAL"),
		field.Time("archived_at").Optional().Nillable(),
	}
}

func (FileSync) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("wedding", Wedding.Type).Unique().Required().Immutable().Field("wedding_id"),
		edge.To("source", Connection.Type).Unique().Required().Immutable().Field("source_id"),
		edge.To("targets", SyncTarget.Type),
	}
}

// Annotations name the table by the word people use; the type cannot be called
// Sync because generated code imports the package of that name.
func (FileSync) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Table("syncs")}
}

func (FileSync) Indexes() []ent.Index {
	return []ent.Index{index.Fields("wedding_id"), index.Fields("source_id")}
}
