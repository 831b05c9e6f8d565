package transfer

import "time"

// SetLag says for how long a target may hold the others up.
func (s *Service) SetLag(d time.Duration) { s.engine.lag = d }
