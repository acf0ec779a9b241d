package httpd

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are what is measured of every request. Labels are route patterns,
// never paths, so that their number is bounded.
type metrics struct {
	took    *prometheus.HistogramVec
	refused *prometheus.CounterVec
}

func newMetrics(r *prometheus.Registry) *metrics {
	m := &metrics{took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "felleskrav_http_request_duration_seconds",
		Help:    "Time from the first byte of a request's headers read to the end of its answer, by route.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"}), refused: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "felleskrav_http_refused_total",
		Help: "Requests that were not taken on: too many of their class (read, write, costly, public, failures), or too many at the same time.",
	}, []string{"limit"})}
	r.MustRegister(m.took, m.refused, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	if !known[method] {
		method = "other"
	}
	m.took.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// Gauge serves, at /metrics, what value gives at the time it is read. Gauges of
// one name differ in the values of the same labels.
func (s *Server) Gauge(name, help string, labels map[string]string, value func() float64) {
	s.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value))
}

// known are the methods worth a label; a sender can make up any number.
var known = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "DELETE": true, "PATCH": true, "OPTIONS": true}
