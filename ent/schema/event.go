package schema

import (
	"encoding/json"

	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// Event tells that something changed its state. It commits in the transaction of
// the change; within an organization events are numbered without gaps.
type Event struct{ ent.Schema }

func (Event) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Event}, tenant{writer: rule.RoleViewer}}
}

func (Event) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("seq").Immutable().Positive(),
		field.String("type").Immutable().MaxLen(100).Comment(`Subject and what happened to it: "run.completed".`),
		field.String("subject_id").Immutable().MaxLen(40),
		field.String("wedding_id").Default("").Immutable().MaxLen(40),
		field.String("actor").Immutable().MaxLen(40).Comment(`A user id, or "system".`),
		field.JSON("data", json.RawMessage{}).Optional().Immutable(),
	}
}

func (Event) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "seq").Unique(),
		index.Fields("organization_id", "wedding_id", "seq"),
	}
}
