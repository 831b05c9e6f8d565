package schema

import (
	"encoding/json"

	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// AuditEntry says who did what to which thing. Entries are only ever added.
type AuditEntry struct{ ent.Schema }

func (AuditEntry) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Audit}, tenant{writer: rule.RoleViewer}}
}

func (AuditEntry) Fields() []ent.Field {
	return []ent.Field{
		field.String("actor").Immutable().MaxLen(40).Comment(`A user id, or "system".`),
		field.String("via").Default("").Immutable().MaxLen(40).Comment("The token or session used."),
		field.String("action").Immutable().MaxLen(100).Comment(`Mutation or system action: "connection.create".`),
		field.String("subject_id").Immutable().MaxLen(40),
		field.JSON("data", json.RawMessage{}).Optional().Immutable(),
	}
}

func (AuditEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("organization_id", "subject_id", "id")}
}
