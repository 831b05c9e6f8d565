package s3

// WithLimits returns a Vendor that sends and copies in parts from smaller sizes
// on, so that tests need no gigabytes.
func WithLimits(single, copyAtOnce int64) Vendor {
	return Vendor{limits: limits{single: single, copyAtOnce: copyAtOnce}}
}
