package alertmanager

import (
	"regexp"
	"strings"

	"github.com/prometheus/alertmanager/template"

	"github.com/rap-analyzer/rapbot/alert"
)

// maxValue is how many runes of a value a template sees.
const maxValue = 4000

// dataOf is what the operator's templates see of a delivery: everything that
// Alertmanager's own notifiers would give them, with every value made safe.
// The link to Alertmanager is externalURL when there is one, because the peers
// of an HA pair differ in theirs.
func dataOf(d alert.Delivery, externalURL string) *template.Data {
	if externalURL == "" {
		externalURL = d.ExternalURL
	}
	data := &template.Data{
		Receiver:           safe(regexp.QuoteMeta(d.Receiver)),
		Status:             safe(d.Status),
		Alerts:             make(template.Alerts, 0, len(d.Alerts)),
		NotificationReason: safe(d.Reason),
		GroupLabels:        safeKV(d.GroupLabels),
		CommonLabels:       safeKV(d.CommonLabels),
		CommonAnnotations:  safeKV(d.CommonAnnotations),
		RouteLabels:        safeKV(d.RouteLabels),
		ExternalURL:        escaper.Replace(webLink(externalURL)),
	}
	for _, a := range d.Alerts {
		data.Alerts = append(data.Alerts, template.Alert{
			Status:       safe(a.Status),
			Labels:       safeKV(a.Labels),
			Annotations:  safeKV(a.Annotations),
			StartsAt:     a.StartsAt,
			EndsAt:       a.EndsAt,
			GeneratorURL: escaper.Replace(webLink(a.GeneratorURL)),
			Fingerprint:  safe(a.Fingerprint),
		})
	}
	// Alertmanager has rendered these already. Without the mark the template
	// function routeLabels runs their values as templates.
	template.MarkRouteLabelsRendered(data)
	return data
}

// escaper does what chat asks for. Templates may emit markup of their own, so
// it is the values that are escaped and not the outcome.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func safe(s string) string { return unmarked(escaper.Replace(tidy(s, maxValue))) }

// unmarked keeps a value from becoming a mention where a template makes a link
// of it: <{{ .Annotations.runbook_url }}|Runbook> with the value !channel would
// call everybody. The invisible space makes it a link to nowhere.
func unmarked(s string) string {
	if mention.MatchString(s) {
		return noMention + s
	}
	return s
}

// mention is what stands in one: everybody, a person, or the ID of a channel.
// The name of a channel mentions nothing.
var mention = regexp.MustCompile(`^\s*(!|@|#[A-Z0-9]{3})`)

const noMention = "\u200b" // a space of no width

// safeKV makes names safe like values: since Prometheus 3 they may be any text.
func safeKV(m map[string]string) template.KV {
	out := make(template.KV, len(m))
	for k, v := range m {
		out[safe(k)] = safe(v)
	}
	return out
}
