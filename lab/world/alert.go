package world

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// alertWish is the body of POST /lab/alert.
type alertWish struct {
	Status    string `json:"status"`
	Alertname string `json:"alertname"`
	Region    string `json:"region"`
	Severity  string `json:"severity"`
}

// payload is a webhook body as Alertmanager 0.34 makes it, version 4.
func (a alertWish) payload(began, now time.Time) ([]byte, error) {
	labels := map[string]string{"alertname": a.Alertname, "region": a.Region, "severity": a.Severity, "job": "postgres"}
	annotations := map[string]string{
		"summary":     "PostgreSQL replication lag is high in " + a.Region,
		"description": "The replica has been more than 300 s behind the primary for 5 minutes.",
		"runbook_url": "https://runbooks.example/postgresql-replication-lag",
	}
	ends := "0001-01-01T00:00:00Z"
	if a.Status == "resolved" {
		ends = now.UTC().Format(time.RFC3339Nano)
	}
	return json.Marshal(map[string]any{
		"receiver": "rapbot", "status": a.Status, "version": "4", "truncatedAlerts": 0,
		"notification_reason": "first notification", "externalURL": "http://alertmanager.example:9093",
		"groupKey":    fmt.Sprintf(`{}:{alertname=%q, region=%q}`, a.Alertname, a.Region),
		"groupLabels": map[string]string{"alertname": a.Alertname, "region": a.Region}, "commonLabels": labels, "commonAnnotations": annotations,
		"alerts": []map[string]any{{
			"status": a.Status, "labels": labels, "annotations": annotations, "startsAt": began.UTC().Format(time.RFC3339Nano), "endsAt": ends,
			"generatorURL": "http://prometheus.example:9090/graph", "fingerprint": fmt.Sprintf("%016x", hash(a.Alertname+a.Region)),
		}},
	})
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for _, b := range []byte(s) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// SendAlert posts one alert to the bot's webhook.
func (w *World) sendAlert(ctx context.Context, a alertWish) error {
	if a.Status != "resolved" {
		a.Status = "firing"
	}
	if a.Alertname == "" {
		a.Alertname = "PostgreSQLReplicationLag"
	}
	if a.Region == "" {
		a.Region = w.facts.Regions[len(w.facts.Regions)-1].Name
	}
	if a.Severity == "" {
		a.Severity = "critical"
	}
	key := a.Alertname + a.Region
	w.mu.Lock()
	began, known := w.firing[key]
	if !known {
		began = time.Now()
		w.firing[key] = began
	}
	if a.Status == "resolved" {
		delete(w.firing, key)
	}
	w.mu.Unlock()
	body, err := a.payload(began, time.Now())
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.facts.Webhook.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+w.facts.Webhook.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("post to the webhook: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		words, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return fmt.Errorf("the webhook answered %s: %s", resp.Status, words)
	}
	return nil
}
