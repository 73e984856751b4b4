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
	connected := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "rapbot_slack_connections", Help: "Socket Mode connections that are up."}, func() float64 {
		n, _, _ := chat.Health()
		return float64(n)
	})
	registry.MustRegister(connected)
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
