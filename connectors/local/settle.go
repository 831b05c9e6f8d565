package local

import (
	"io/fs"
	"time"
)

// settling decides whether a file has been left alone for long enough.
type settling struct {
	window time.Duration
	now    func() time.Time
	after  func(time.Duration) <-chan time.Time
}

func (v Vendor) settling(setting string) (settling, error) {
	s := settling{now: v.Now, after: v.After}
	if s.now == nil {
		s.now = time.Now
	}
	if s.after == nil {
		s.after = time.After
	}
	if setting == "" {
		setting = defaultSettle
	}
	var err error
	s.window, err = time.ParseDuration(setting)
	if err != nil || s.window < 0 || s.window > maxSettle {
		return settling{}, invalid(SettingSettle, "the settling time must be a duration between 0s and 1h, such as 2s")
	}
	return s, nil
}

// fresh reports whether t is so recent that more may follow.
func (s settling) fresh(t time.Time) bool {
	age := s.now().Sub(t)
	return age >= 0 && age < s.window
}

// writing reports whether the file may still be being written. A camera whose
// clock runs ahead leaves files with a future ModTime; they are judged by the
// time the file system itself keeps.
func (s settling) writing(info fs.FileInfo) bool {
	last := info.ModTime()
	if last.After(s.now()) {
		last = changeTime(info)
	}
	return s.fresh(last)
}
