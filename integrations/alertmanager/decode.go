package alertmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// What a payload may hold at the most. Alertmanager's own are far smaller.
const (
	maxPayload = 64 << 20
	maxAlerts  = 10_000
	maxCutOff  = 1 << 30
)

// payload is the body of a webhook call. Fields that are not listed are
// tolerated, because newer Alertmanagers add some; the alerts are decoded one
// by one, so that their number is known before memory is spent on them.
type payload struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	Receiver          string            `json:"receiver"`
	Reason            string            `json:"notification_reason"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	RouteLabels       map[string]string `json:"routeLabels"`
	ExternalURL       string            `json:"externalURL"`
	TruncatedAlerts   uint64            `json:"truncatedAlerts"`
	Alerts            []json.RawMessage `json:"alerts"`
}

type payloadAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

// Decode reads the body of a webhook call. What it refuses can never be right;
// its errors have code Invalid and are sentences for Alertmanager's log, where
// the answer to a refused call ends up.
func Decode(body []byte, receivedAt time.Time) (alert.Delivery, error) {
	p, err := decodePayload(body)
	if err != nil {
		return alert.Delivery{}, err
	}
	d := alert.Delivery{
		GroupKey:          noNUL(p.GroupKey),
		ReceivedAt:        receivedAt,
		Receiver:          unquote(noNUL(p.Receiver)),
		Status:            "resolved",
		Reason:            noNUL(p.Reason),
		GroupLabels:       texts(p.GroupLabels),
		CommonLabels:      texts(p.CommonLabels),
		CommonAnnotations: texts(p.CommonAnnotations),
		RouteLabels:       texts(p.RouteLabels),
		ExternalURL:       noNUL(p.ExternalURL),
		Truncated:         int(min(p.TruncatedAlerts, maxCutOff)),
		Alerts:            make([]alert.Alert, 0, len(p.Alerts)),
	}
	for i, raw := range p.Alerts {
		a, err := decodeAlert(raw, i)
		if err != nil {
			return alert.Delivery{}, err
		}
		if a.Status == "firing" {
			d.Status = "firing"
		}
		d.Alerts = append(d.Alerts, a)
	}
	d.Key = key(d)
	return d, nil
}

func decodePayload(body []byte) (payload, error) {
	var p payload
	if len(body) > maxPayload {
		return p, invalid("The body is larger than 64 MiB.", "Set max_alerts in the webhook_config.")
	}
	if !utf8.Valid(body) {
		return p, invalid("The body is not valid UTF-8.", "")
	}
	if !json.Valid(body) {
		return p, invalid("The body is not JSON.", "")
	}
	err := json.Unmarshal(body, &p)
	// A body of somebody's own making lacks these two whatever else is in it,
	// so they are looked at before any complaint about a field.
	if p.Version == "" || p.GroupKey == "" {
		return p, invalid("The body lacks version or groupKey, so it is not Alertmanager's own.", "Remove the payload option from the webhook_config of this receiver.")
	}
	if p.Version != "4" {
		return p, invalid(fmt.Sprintf("The body is of version %q; only version 4 is understood.", oneLine(p.Version, 20)), "")
	}
	if err != nil {
		return p, wrongField("", err)
	}
	if len(p.Alerts) == 0 {
		return p, invalid("The body holds no alerts.", "")
	}
	if len(p.Alerts) > maxAlerts {
		return p, invalid(fmt.Sprintf("The body holds %d alerts; at most %d are taken.", len(p.Alerts), maxAlerts), "Set max_alerts in the webhook_config, or group by more labels.")
	}
	return p, nil
}

func decodeAlert(raw json.RawMessage, i int) (alert.Alert, error) {
	var p payloadAlert
	at := fmt.Sprintf("alerts[%d].", i)
	if err := json.Unmarshal(raw, &p); err != nil {
		return alert.Alert{}, wrongField(at, err)
	}
	if p.Status != "firing" && p.Status != "resolved" {
		return alert.Alert{}, invalid("The field "+at+"status is neither firing nor resolved.", "")
	}
	a := alert.Alert{
		Status:       p.Status,
		Labels:       texts(p.Labels),
		Annotations:  texts(p.Annotations),
		StartsAt:     p.StartsAt.UTC(),
		EndsAt:       p.EndsAt.UTC(),
		GeneratorURL: noNUL(p.GeneratorURL),
		Fingerprint:  noNUL(p.Fingerprint),
	}
	// A time beyond these years could be read but not be written again.
	if !writable(a.StartsAt) || !writable(a.EndsAt) {
		return alert.Alert{}, invalid("The field "+at+"startsAt or endsAt is out of range.", "")
	}
	if a.Status == "firing" {
		a.EndsAt = time.Time{}
	}
	if a.Fingerprint == "" {
		a.Fingerprint = fingerprint(a.Labels)
	}
	return a, nil
}

func writable(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

// wrongField tells which field has the wrong type, and never its value.
func wrongField(at string, err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return invalid("The field "+at+oneLine(wrong.Field, 60)+" has the wrong type.", "")
	}
	if at != "" {
		return invalid("The field "+strings.TrimSuffix(at, ".")+" is not an alert, or one of its times is not one of RFC 3339.", "")
	}
	return invalid("The body is not Alertmanager's.", "")
}

func invalid(what, now string) error {
	return &rapbot.Error{Code: rapbot.Invalid, What: what, Now: now}
}

// unquote takes back the regexp.QuoteMeta with which Alertmanager writes the
// name of a receiver: rap\.bot is rap.bot. A name that was not quoted stays.
func unquote(receiver string) string {
	plain := quoted.ReplaceAllString(receiver, "$1")
	if regexp.QuoteMeta(plain) != receiver {
		return receiver
	}
	return plain
}

var quoted = regexp.MustCompile(`\\([\\.+*?()|\[\]{}^$])`)

// noNUL replaces NUL, which databases do not keep and which parts the fields of
// a group's ID.
func noNUL(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }

func texts(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[noNUL(k)] = noNUL(v)
	}
	return out
}
