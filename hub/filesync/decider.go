package filesync

import (
	"github.com/wedsync/wedsync/ent/conflict"
	"github.com/wedsync/wedsync/ent/detail"
	entsync "github.com/wedsync/wedsync/ent/filesync"
	"github.com/wedsync/wedsync/hub/filesync/reconcile"
)

// Decider says how a sync's strategy settles a conflict that shows only when files
// are compared.
type Decider struct{}

// Resolve returns the resolution; ok is false if a person has to decide. A side
// without a revision holds nothing.
func (Decider) Resolve(strategy entsync.ConflictStrategy, source, target detail.Side) (r conflict.Resolution, ok bool) {
	return reconcile.Decide(strategy, source, target)
}
