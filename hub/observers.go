package hub

import "context"

// Observers tells several observers of each commit, in their order.
type Observers []Observer

// Committed tells them all.
func (o Observers) Committed(ctx context.Context, c Commit) {
	for _, each := range o {
		each.Committed(ctx, c)
	}
}
