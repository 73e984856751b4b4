package main

import (
	"encoding/json"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rap-analyzer/rapbot/integrations/slack"
)

// healthServer answers /healthz (the process lives), /readyz (Slack can reach
// it) and /metrics.
func healthServer(addr string, chat *slack.Adapter, registry *prometheus.Registry) *http.Server {
	slackMetrics(chat, registry)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, chat, http.StatusOK) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		status := http.StatusOK
		if n, _, _ := chat.Health(); n == 0 {
			status = http.StatusServiceUnavailable
		}
		writeHealth(w, chat, status)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
}

func slackMetrics(chat *slack.Adapter, registry *prometheus.Registry) {
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "rapbot_slack_connections", Help: "Socket Mode connections that are up."}, func() float64 {
		n, _, _ := chat.Health()
		return float64(n)
	}))
	for _, c := range []struct {
		name, help string
		value      func(slack.Counts) int64
	}{
		{"events_total", "Events handled.", func(c slack.Counts) int64 { return c.Handled }},
		{"duplicate_events_total", "Events that Slack delivered again.", func(c slack.Counts) int64 { return c.Duplicates }},
		{"refused_events_total", "Events refused because too much was waiting.", func(c slack.Counts) int64 { return c.Busy }},
		{"unacknowledged_events_total", "Events that Slack could not be told of in time.", func(c slack.Counts) int64 { return c.Unacknowledged }},
		{"handler_panics_total", "Events whose handling broke.", func(c slack.Counts) int64 { return c.Panics }},
		{"rate_limited_total", "Calls that Slack answered with 429.", func(c slack.Counts) int64 { return c.RateLimited }},
	} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "rapbot_slack_" + c.name, Help: c.help}, func() float64 {
			return float64(c.value(chat.Counts()))
		}))
	}
}

func writeHealth(w http.ResponseWriter, chat *slack.Adapter, status int) {
	connected, last, err := chat.Health()
	health := map[string]any{"pid": os.Getpid(), "version": version(), "slack_connections": connected}
	if !last.IsZero() {
		health["last_event"] = last.UTC()
	}
	if err != nil {
		health["slack_error"] = err.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(health) // the caller has gone
}
