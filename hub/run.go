package hub

import "github.com/wedsync/wedsync/ent/syncrun"

// ActiveRunStates are the states of a run that is at work or will be: a sync has
// at most one such run, and what it uses cannot be taken away. A plan that waits
// to be started is not among them.
func ActiveRunStates() []syncrun.State {
	return []syncrun.State{
		syncrun.StatePLANNING, syncrun.StateSTARTING, syncrun.StateRUNNING, syncrun.StatePAUSED,
	}
}
