package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// Wedding is the day that files belong to.
type Wedding struct{ ent.Schema }

func (Wedding) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Wedding}, tenant{writer: rule.RoleMember}}
}

func (Wedding) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxLen(200),
		field.String("date").MaxLen(10).Comment("Local calendar day, YYYY-MM-DD."),
		field.String("time_zone").MaxLen(64).Comment("IANA name; the day begins and ends there."),
		field.String("region").Default("").MaxLen(32).Comment("Where its data may reside, e.g. EU; empty: anywhere."),
		field.Time("archived_at").Optional().Nillable(),
	}
}
