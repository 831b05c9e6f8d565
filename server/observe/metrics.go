package observe

import (
	"database/sql"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wedsync/wedsync/workers"
)

// Metrics are those of one process, in a registry of their own.
type Metrics struct {
	registry *prometheus.Registry

	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge

	jobsStarted *prometheus.CounterVec
	jobsEnded   *prometheus.CounterVec
	jobWait     *prometheus.HistogramVec
	jobDuration *prometheus.HistogramVec
}

// NewMetrics returns metrics that count nothing yet.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wedsync_http_requests_total", Help: "HTTP requests answered.",
		}, []string{"method", "route", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "wedsync_http_request_duration_seconds", Help: "Time to answer an HTTP request; websockets aside.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 11),
		}, []string{"route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "wedsync_http_requests_in_flight", Help: "HTTP requests being answered, open websockets included.",
		}),
		jobsStarted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wedsync_jobs_started_total", Help: "Jobs that a worker of this process began with.",
		}, []string{"kind"}),
		jobsEnded: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wedsync_jobs_ended_total", Help: "Jobs that left the hands of a worker of this process.",
		}, []string{"kind", "outcome"}),
		jobWait: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "wedsync_job_wait_seconds", Help: "Time from when a job was due until a worker began with it.",
			Buckets: prometheus.ExponentialBuckets(0.001, 3, 12),
		}, []string{"kind"}),
		jobDuration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "wedsync_job_duration_seconds", Help: "Time that a worker had a job in hand.",
			Buckets: prometheus.ExponentialBuckets(0.01, 4, 10),
		}, []string{"kind"}),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.duration, m.inFlight, m.jobsStarted, m.jobsEnded, m.jobWait, m.jobDuration,
	)
	return m
}

// Database adds the statistics of the connection pool.
func (m *Metrics) Database(db *sql.DB) {
	m.registry.MustRegister(collectors.NewDBStatsCollector(db, "wedsync"))
}

// Websockets adds how many clients are connected and what runs for them.
func (m *Metrics) Websockets(connections, operations func() int) {
	gauge := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	m.registry.MustRegister(
		gauge("wedsync_websocket_connections", "Open websockets.", connections),
		gauge("wedsync_websocket_operations", "Operations that run on websockets.", operations),
	)
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// JobStarted counts a job; it is workers.Metrics.
func (m *Metrics) JobStarted(kind string, waited time.Duration) {
	m.jobsStarted.WithLabelValues(kind).Inc()
	m.jobWait.WithLabelValues(kind).Observe(waited.Seconds())
}

// JobEnded counts a job; it is workers.Metrics.
func (m *Metrics) JobEnded(kind string, outcome workers.Outcome, took time.Duration) {
	m.jobsEnded.WithLabelValues(kind, string(outcome)).Inc()
	m.jobDuration.WithLabelValues(kind).Observe(took.Seconds())
}

// Registerer is where other parts of the process add metrics of their own.
func (m *Metrics) Registerer() prometheus.Registerer { return m.registry }
