package alertmanager

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/template"
)

// body is a webhook's body.
type body struct {
	*template.Data

	Version   string `json:"version"`
	GroupKey  string `json:"groupKey"`
	Truncated int    `json:"truncatedAlerts"`
}

type kv = template.KV

// payloads are the deliveries on which renderings are compared. In those whose
// name begins with markup there are values that chat would interpret.
func payloads() map[string]body {
	all := map[string]body{}
	add := func(name string, change func(*body), alerts ...template.Alert) {
		all[name] = payloadOf(change, alerts...)
	}
	add("firing one", nil, alertOf(0, nil, nil))
	add("firing two", nil, alertOf(0, nil, nil), alertOf(1, nil, nil))
	add("firing many", nil, many(25)...)
	add("resolved one", nil, ended(alertOf(0, nil, nil))...)
	add("resolved many", nil, ended(many(12)...)...)
	add("mixed", nil, alertOf(0, nil, nil), ended(alertOf(1, nil, nil))[0], alertOf(2, nil, nil))
	add("mixed, resolved first", nil, ended(alertOf(0, nil, nil))[0], alertOf(1, nil, nil))
	for _, severity := range []string{"critical", "warning", "info", "page", "none", "WARNING"} {
		add("severity "+severity, nil, alertOf(0, kv{"severity": severity}, nil))
	}
	add("severities", nil, alertOf(0, kv{"severity": "warning"}, nil), alertOf(1, kv{"severity": "info"}, nil))
	add("no labels", func(p *body) { p.GroupLabels, p.CommonLabels = kv{}, kv{} }, template.Alert{Status: "firing", StartsAt: noon, Fingerprint: "e3b0c44298fc1c14", Labels: kv{}, Annotations: kv{}})
	add("no group labels", func(p *body) { p.GroupLabels = kv{} }, alertOf(0, nil, nil))
	add("no annotations", nil, template.Alert{Status: "firing", StartsAt: noon, Fingerprint: "e3b0c44298fc1c14", Labels: kv{"alertname": "Bare"}, Annotations: kv{}})
	add("empty annotations", nil, alertOf(0, nil, kv{"summary": "", "description": "", "runbook_url": "", "dashboard_url": ""}))
	add("empty labels", nil, alertOf(0, kv{"namespace": "", "severity": ""}, nil))
	add("unicode", nil, alertOf(0, kv{"alertname": "Übergröße", "team": "データベース"}, kv{"summary": "naïve façade ≥ 95 % 🚒", "description": "Ελληνικά и русский\nçok satırlı"}))
	add("unicode label names", nil, alertOf(0, kv{"größe.in.bytes": "1", "имя": "x"}, nil))
	add("long", nil, alertOf(0, nil, kv{"description": strings.Repeat("a description that goes on and on, ", 90)}))
	add("long title", func(p *body) { p.GroupLabels["path"] = strings.Repeat("/very/long", 300) }, alertOf(0, nil, nil))
	add("quotes", nil, alertOf(0, kv{"query": `sum(rate(x{job="db",path=~'/a|b'}[5m]))`}, kv{"summary": `he said "no" and 'yes' \ backslash`, "description": "`code` and *stars* _under_ ~tilde~"}))
	add("braces", nil, alertOf(0, kv{"template": "{{ .ExternalURL }}"}, kv{"summary": `{{ template "slack.default.title" . }} {{`, "description": "}} {{/* x */}}"}))
	add("percent", nil, alertOf(0, nil, kv{"summary": "100%d %s %!v(MISSING) 50%"}))
	add("lines and tabs", nil, alertOf(0, nil, kv{"description": "one\n\n\ttwo\n  three\n"}))
	add("spaces", nil, alertOf(0, kv{"team": "  core  "}, kv{"summary": "  around  "}))
	add("truncated", func(p *body) { p.Truncated = 17 }, many(3)...)
	add("route labels", func(p *body) { p.RouteLabels = kv{"team": "storage", "channel": "#db-alerts"} }, alertOf(0, nil, nil))
	add("route labels as templates", func(p *body) { p.RouteLabels = kv{"team": "{{ .ExternalURL }}", "escalation": "{{"} }, alertOf(0, nil, nil))
	add("other reason", func(p *body) { p.NotificationReason = "repeat interval elapsed" }, alertOf(0, nil, nil))
	add("no reason, no route labels", func(p *body) { p.NotificationReason, p.RouteLabels = "", nil }, alertOf(0, nil, nil))
	add("receiver with dots", func(p *body) { p.Receiver = `team\.db \+ on-call` }, alertOf(0, nil, nil))
	add("external URL with path", func(p *body) { p.ExternalURL = "https://am.example/prefix/alertmanager" }, alertOf(0, nil, nil))
	add("no external URL", func(p *body) { p.ExternalURL = "" }, alertOf(0, nil, nil))
	add("markup", func(p *body) { p.RouteLabels["team"] = "<!here>" }, alertOf(0, kv{"alertname": "<!channel>", "team": "R&D", "namespace": "a<b>"}, kv{"summary": "<!channel> <@U024BE7LH> & <https://evil.example|nice>"}))
	add("markup at the edge", nil, alertOf(0, kv{"team": "@here", "pod": "#general"}, kv{"summary": "!channel", "runbook_url": "https://runbooks.example/?a=1&b=2"}), alertOf(1, nil, kv{"summary": "&lt;!channel&gt; &amp;"}))
	add("markup in names", nil, alertOf(0, kv{"a<!channel>b": "1 < 2 > 0"}, nil))
	return all
}

func payloadOf(change func(*body), alerts ...template.Alert) body {
	p := body{Version: "4", GroupKey: `{}/{team="db"}:{alertname="x"}`, Data: &template.Data{
		Receiver: "rapbot", Status: "resolved", Alerts: alerts, NotificationReason: "first notification",
		GroupLabels: kv{}, CommonLabels: kv{}, CommonAnnotations: kv{}, RouteLabels: kv{"team": "database"}, ExternalURL: "http://alertmanager.example:9093",
	}}
	for i, a := range alerts {
		if a.Status == "firing" {
			p.Status = "firing"
		}
		if i == 0 {
			p.CommonLabels, p.CommonAnnotations = shared(a.Labels, alerts, false), shared(a.Annotations, alerts, true)
		}
	}
	if name, all := p.CommonLabels["alertname"]; all {
		p.GroupLabels["alertname"] = name
	}
	if change != nil {
		change(&p)
	}
	return p
}

func shared(first kv, alerts []template.Alert, annotations bool) kv {
	out := kv{}
	for name, value := range first {
		everywhere := true
		for _, a := range alerts {
			of := a.Labels
			if annotations {
				of = a.Annotations
			}
			other, has := of[name]
			everywhere = everywhere && has && other == value
		}
		if everywhere {
			out[name] = value
		}
	}
	return out
}

// alertOf is the nth alert, with some of its labels and annotations changed.
func alertOf(n int, labels, annotations kv) template.Alert {
	a := template.Alert{
		Status: "firing", StartsAt: noon.Add(time.Duration(n) * time.Minute), Fingerprint: fmt.Sprintf("%016x", n+1), GeneratorURL: "http://prometheus.example/graph?g0.expr=up",
		Labels: kv{"alertname": "KubePodCrashLooping", "severity": "critical", "namespace": "rap", "pod": fmt.Sprintf("api-7d9f8b6c5-x%d", n), "instance": fmt.Sprintf("10.0.0.%d:9100", n), "job": "kube-state-metrics", "cluster": "use1", "team": "core"},
		Annotations: kv{
			"summary": "Pod is crash looping.", "description": fmt.Sprintf("Pod rap/api-%d restarts %d times an hour.", n, n+3), "message": "It restarts.", "value": fmt.Sprint(n * 7),
			"runbook_url": "https://runbooks.example/crash-loop", "dashboard_url": "https://grafana.example/d/pods", "deadline": "2026-03-01T14:00:00Z",
		},
	}
	for name, value := range labels {
		a.Labels[name] = value
	}
	for name, value := range annotations {
		a.Annotations[name] = value
	}
	return a
}

func many(n int) []template.Alert {
	var out []template.Alert
	for i := range n {
		out = append(out, alertOf(i, nil, nil))
	}
	return out
}

func ended(alerts ...template.Alert) []template.Alert {
	for i := range alerts {
		alerts[i].Status, alerts[i].EndsAt = "resolved", alerts[i].StartsAt.Add(3*time.Hour+25*time.Minute)
	}
	return alerts
}
