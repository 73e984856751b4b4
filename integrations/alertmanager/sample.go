package alertmanager

import (
	"time"

	"github.com/rap-analyzer/rapbot/alert"
)

// samples are a firing and a resolved delivery, on which templates are tried
// when they are loaded.
func samples() []alert.Delivery {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	firing := alert.Delivery{
		Key: "sample", GroupKey: `{}:{alertname="PostgreSQLReplicationLag"}`, ReceivedAt: began.Add(time.Minute), Receiver: "rapbot",
		Status: "firing", Reason: "first notification", ExternalURL: "http://alertmanager.example:9093",
		GroupLabels:       map[string]string{"alertname": "PostgreSQLReplicationLag"},
		CommonLabels:      sampleLabels(""),
		CommonAnnotations: sampleAnnotations(),
		RouteLabels:       map[string]string{"team": "database"},
	}
	for _, region := range []string{"us-west-2", "eu-west-1"} {
		firing.Alerts = append(firing.Alerts, alert.Alert{
			Status: "firing", StartsAt: began, GeneratorURL: "http://prometheus.example/graph?g0.expr=lag", Fingerprint: fingerprint(map[string]string{"region": region}),
			Labels: sampleLabels(region), Annotations: sampleAnnotations(),
		})
	}
	resolved := firing
	resolved.Status, resolved.Reason, resolved.Alerts = "resolved", "all alerts resolved", nil
	for _, a := range firing.Alerts {
		a.Status, a.EndsAt = "resolved", began.Add(10*time.Minute)
		resolved.Alerts = append(resolved.Alerts, a)
	}
	return []alert.Delivery{firing, resolved}
}

// sampleLabels have what templates commonly look for, so that none fails for
// the lack of it.
func sampleLabels(region string) map[string]string {
	labels := map[string]string{
		"alertname": "PostgreSQLReplicationLag", "severity": "critical", "team": "database", "cluster": "rap", "environment": "production",
		"namespace": "rap", "job": "postgres", "service": "postgres", "pod": "postgres-0", "instance": "10.0.0.1:9187",
	}
	if region != "" {
		labels["region"] = region
	}
	return labels
}

func sampleAnnotations() map[string]string {
	return map[string]string{
		"summary": "Replication is behind.", "description": "It is 4 min behind.", "message": "It is behind.", "title": "Replication lag", "value": "240",
		"runbook_url": "https://runbooks.example/lag", "runbook": "https://runbooks.example/lag", "dashboard_url": "https://grafana.example/d/pg", "dashboard": "https://grafana.example/d/pg",
	}
}
