package schema

import (
	"encoding/json"

	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// Request remembers a mutation's idempotency key and what it made, so that the
// same request sent twice is done once.
type Request struct{ ent.Schema }

func (Request) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Request}, tenant{writer: rule.RoleMember}}
}

func (Request) Fields() []ent.Field {
	return []ent.Field{
		field.String("operation").Immutable().MaxLen(60),
		field.String("key").Immutable().NotEmpty().MaxLen(200),
		field.Bytes("input_hash").Immutable().MaxLen(32).Comment("A key used again for other input is refused."),
		field.String("result_id").Immutable().MaxLen(40),
		field.JSON("data", json.RawMessage{}).Optional().Immutable().
			Comment("What the answer held beyond the thing itself; never a secret."),
	}
}

func (Request) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "operation", "key").Unique(),
		index.Fields("created_at"),
	}
}
