package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// Job is work that is due: the outbox of every state change that has to be
// followed up. A worker claims it by compare-and-set, holds a lease and proves
// with the epoch that it still does; the queue only carries its id.
type Job struct{ ent.Schema }

func (Job) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Job}, tenant{writer: rule.RoleMember}}
}

func (Job) Fields() []ent.Field {
	return []ent.Field{
		field.String("kind").Immutable().MaxLen(60).Comment(`Which handler does it: "run.plan".`),
		field.String("subject_id").Immutable().MaxLen(40),
		field.Int("part").Default(0).Immutable().Comment("The shard, where a subject has several."),
		field.Enum("priority").Values("BACKGROUND", "NORMAL", "INTERACTIVE", "WEDDING_DAY").Default("NORMAL"),
		field.Enum("state").Values("READY", "CLAIMED", "DONE", "FAILED", "CANCELED").Default("READY"),
		field.Time("due_at").Default(now),
		field.Time("lease_until").Optional().Nillable(),
		field.String("claimed_by").Default("").MaxLen(100),
		field.Int64("epoch").Default(0).Comment("Counts claims; a write with an older one is refused."),
		field.Int("attempts").Default(0).Comment("Times the handler failed."),
		field.Int("max_attempts").Default(10),
		field.Int("crashes").Default(0).
			Comment("Times in a row that a lease ran out soon: the job may be what kills its workers."),
		field.String("last_error").Default("").MaxLen(2000),
	}
}

func (Job) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("state", "due_at"),
		index.Fields("state", "lease_until"),
		index.Fields("subject_id", "kind", "part"),
	}
}
