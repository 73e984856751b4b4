package alertmanager

import (
	"time"

	"github.com/rap-analyzer/rapbot"
)

// samples are a firing and a resolved delivery, on which templates are tried
// when they are loaded.
func samples() []rapbot.Delivery {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	firing := rapbot.Delivery{
		Key: "sample", GroupKey: `{}:{alertname="PostgreSQLReplicationLag"}`, ReceivedAt: began.Add(time.Minute), Receiver: "rapbot",
		Status: "firing", Reason: "first notification", ExternalURL: "http://alertmanager.example:9093",
		GroupLabels:       map[string]string{"alertname": "PostgreSQLReplicationLag"},
		CommonLabels:      map[string]string{"alertname": "PostgreSQLReplicationLag", "severity": "critical"},
		CommonAnnotations: map[string]string{"summary": "Replication is behind.", "runbook_url": "https://runbooks.example/lag"},
		RouteLabels:       map[string]string{"team": "database"},
	}
	for _, region := range []string{"us-west-2", "eu-west-1"} {
		firing.Alerts = append(firing.Alerts, rapbot.Alert{
			Status: "firing", StartsAt: began, GeneratorURL: "http://prometheus.example/graph?g0.expr=lag", Fingerprint: fingerprint(map[string]string{"region": region}),
			Labels:      map[string]string{"alertname": "PostgreSQLReplicationLag", "severity": "critical", "region": region},
			Annotations: map[string]string{"summary": "Replication is behind.", "runbook_url": "https://runbooks.example/lag"},
		})
	}
	resolved := firing
	resolved.Status, resolved.Reason, resolved.Alerts = "resolved", "all alerts resolved", nil
	for _, a := range firing.Alerts {
		a.Status, a.EndsAt = "resolved", began.Add(10*time.Minute)
		resolved.Alerts = append(resolved.Alerts, a)
	}
	return []rapbot.Delivery{firing, resolved}
}
