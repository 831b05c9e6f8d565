package trace

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wedsync/wedsync/connectors/decorate"
)

// Metrics is a Recorder that keeps Prometheus metrics.
type Metrics struct{ seconds *prometheus.HistogramVec }

// NewMetrics registers wedsync_connector_call_seconds, whose count by outcome is
// also the number of calls.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "wedsync_connector_call_seconds",
		Help:    "Time of calls to outside systems, by provider, operation and outcome.",
		Buckets: prometheus.ExponentialBuckets(0.001, 4, 9),
	}, []string{"provider", "op", "kind"})}
	if err := r.Register(m.seconds); err != nil {
		return nil, fmt.Errorf("register the metrics of connectors: %w", err)
	}
	return m, nil
}

// Called implements Recorder.
func (m *Metrics) Called(provider string, op decorate.Op, outcome string, took time.Duration) {
	m.seconds.WithLabelValues(provider, string(op), outcome).Observe(took.Seconds())
}
