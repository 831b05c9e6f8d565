// Package ent is the hub's data model. The entities are written in ent/schema
// and the privacy rules in ent/rule; everything else here is generated.
package ent

//go:generate go run -mod=mod entgo.io/ent/cmd/ent generate --feature privacy,entql,sql/upsert,sql/modifier,sql/execquery,sql/versioned-migration ./schema
