package event

import "time"

// SetSlowTime makes streams lose patience with their readers sooner.
func (s *Service) SetSlowTime(d time.Duration) { s.slow = d }
