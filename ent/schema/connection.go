package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/id"
)

// Connection is an account or folder at a provider that the organization joined.
type Connection struct{ ent.Schema }

func (Connection) Mixin() []ent.Mixin {
	return []ent.Mixin{identified{prefix: id.Connection}, tenant{writer: rule.RoleAdmin}}
}

func (Connection) Fields() []ent.Field {
	return []ent.Field{
		field.String("provider").Immutable().MaxLen(40),
		field.String("name").NotEmpty().MaxLen(200),
		field.JSON("settings", map[string]string{}).Comment("The settings that are no secrets."),
		field.Bytes("secrets").Optional().Sensitive().
			Comment("The secret settings, sealed by the vault for this organization and connection."),
		field.String("base_url").Optional().MaxLen(500).
			Comment("Replaces the vendor's public address; set by the operator only."),
		field.Enum("state").Values("ACTIVE", "NEEDS_RECONNECT", "DISCONNECTED").Default("ACTIVE"),
		field.String("state_reason").Default("").MaxLen(1000),
		field.Time("tested_at").Optional().Nillable(),
	}
}
