package alertmanager

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// recorded is the body that Alertmanager 0.34.2 sends, with a field of a later one.
const recorded = `{"receiver":"rap\\.bot","status":"firing","alerts":[
 {"status":"firing","labels":{"alertname":"PgLag","region":"us-west-2"},"annotations":{"summary":"behind"},"startsAt":"2023-11-14T23:13:20.123456789+01:00","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prom/graph","fingerprint":"e2b0af6972a2e11f"},
 {"status":"resolved","labels":{"alertname":"PgLag","region":"eu-west-1"},"annotations":{},"startsAt":"2023-11-14T22:13:20Z","endsAt":"2023-11-14T22:15:20Z","generatorURL":"","fingerprint":"0000af6972a2e11f"}],
 "notification_reason":"first notification","groupLabels":{"alertname":"PgLag"},"commonLabels":{"alertname":"PgLag"},"commonAnnotations":{},"routeLabels":{"team":"db"},
 "externalURL":"http://am:9093","version":"4","groupKey":"{}/{severity=\"page\"}:{alertname=\"PgLag\"}","truncatedAlerts":1,"fromTheFuture":{"x":[1]}}`

func decode(t *testing.T, body string) alert.Delivery {
	t.Helper()
	d, err := Decode([]byte(body), noon)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDecodeRecorded(t *testing.T) {
	d := decode(t, recorded)
	if d.Receiver != "rap.bot" || d.Status != "firing" || d.Truncated != 1 || d.Reason != "first notification" || d.RouteLabels["team"] != "db" || !d.ReceivedAt.Equal(noon) {
		t.Errorf("have %+v", d)
	}
	if a := d.Alerts[0]; !a.EndsAt.IsZero() || a.StartsAt.Format("15:04:05.999999999") != "22:13:20.123456789" || a.Fingerprint != "e2b0af6972a2e11f" {
		t.Errorf("firing alert: %+v", a)
	}
	if a := d.Alerts[1]; a.EndsAt.IsZero() || a.Status != "resolved" {
		t.Errorf("resolved alert: %+v", a)
	}
}

func TestStatusIsThatOfTheAlerts(t *testing.T) {
	lying := strings.Replace(recorded, `"status":"firing","alerts"`, `"status":"resolved","alerts"`, 1)
	if d := decode(t, lying); d.Status != "firing" {
		t.Errorf("a firing alert in a group that is %s", d.Status)
	}
}

// TestKey: the peers of an HA pair agree on the key although their external
// URL, reason and order differ; whatever is news changes it.
func TestKey(t *testing.T) {
	base := decode(t, recorded)
	for name, change := range map[string][2]string{
		"external URL": {"http://am:9093", "http://am-1:9093"},
		"reason":       {"first notification", "unknown"},
		"annotation":   {"behind", "far behind"},
		"zone of time": {"23:13:20.123456789+01:00", "22:13:20.123456789Z"},
	} {
		if d := decode(t, strings.Replace(recorded, change[0], change[1], 1)); d.Key != base.Key {
			t.Errorf("another %s makes another key", name)
		}
	}
	turned := base
	turned.Alerts = slices.Clone(base.Alerts)
	slices.Reverse(turned.Alerts)
	if key(turned) != base.Key {
		t.Error("another order makes another key")
	}
	for name, change := range map[string][2]string{
		"group":       {`severity=\"page\"`, `severity=\"none\"`},
		"fingerprint": {"e2b0af", "f2b0af"},
		"status":      {`"resolved","labels"`, `"firing","labels"`},
		"start":       {"20.123456789", "20.123456788"},
	} {
		if d := decode(t, strings.Replace(recorded, change[0], change[1], 1)); d.Key == base.Key {
			t.Errorf("another %s makes the same key", name)
		}
	}
}

func TestMissingFingerprint(t *testing.T) {
	without := strings.ReplaceAll(strings.ReplaceAll(recorded, `,"fingerprint":"e2b0af6972a2e11f"`, ""), `,"fingerprint":"0000af6972a2e11f"`, "")
	a, b := decode(t, without), decode(t, strings.Replace(without, `"summary":"behind"`, `"summary":"ahead"`, 1))
	if len(a.Alerts[0].Fingerprint) != 16 || a.Alerts[0].Fingerprint == a.Alerts[1].Fingerprint {
		t.Errorf("fingerprints %q and %q", a.Alerts[0].Fingerprint, a.Alerts[1].Fingerprint)
	}
	if a.Key != b.Key {
		t.Error("an annotation counts for the fingerprint")
	}
}

func TestUnquote(t *testing.T) {
	for quoted, want := range map[string]string{
		`rap\.bot`: "rap.bot", `a\\b`: `a\b`, `\[x\]\(1\)\|\$`: "[x](1)|$", "rapbot": "rapbot",
		"rap.bot": "rap.bot", `odd\`: `odd\`, `\d`: `\d`, "": "",
	} {
		if got := unquote(quoted); got != want {
			t.Errorf("unquote(%q) is %q, want %q", quoted, got, want)
		}
	}
}

// TestNoNUL: NUL parts the fields of a group's ID, so no value may hold one.
func TestNoNUL(t *testing.T) {
	d := decode(t, strings.ReplaceAll(recorded, "PgLag", `Pg\u0000Lag`))
	if id := alert.GroupID(d); strings.Count(id, "\x00") != 2 {
		t.Errorf("group ID %q", id)
	}
}

func TestRefused(t *testing.T) {
	long := strings.Repeat("x", 5000)
	many := `{"version":"4","groupKey":"k","alerts":[{"status":"secret"}` + strings.Repeat(`,{"status":"firing"}`, maxAlerts) + `]}`
	for name, c := range map[string]struct{ body, want string }{
		"empty":         {"", "The body is not JSON."},
		"not JSON":      {`{"version":"4",`, "The body is not JSON."},
		"two documents": {recorded + recorded, "The body is not JSON."},
		"deep":          {strings.Repeat("[", 20_000), "The body is not JSON."},
		"not UTF-8":     {"{\"version\":\"\xff\"}", "The body is not valid UTF-8."},
		"a list":        {`[]`, "payload option"},
		"own payload":   {`{"text":"secret"}`, "Remove the payload option from the webhook_config of this receiver."},
		"own alerts":    {`{"version":"4","alerts":"secret"}`, "payload option"},
		"version":       {`{"version":"3","groupKey":"k","alerts":[]}`, `version "3"; only version 4`},
		"long version":  {`{"version":"` + long + `","groupKey":"k"}`, "only version 4"},
		"no alerts":     {`{"version":"4","groupKey":"k","alerts":[]}`, "holds no alerts"},
		"many alerts":   {many, "holds 10001 alerts; at most 10000"},
		"alert":         {`{"version":"4","groupKey":"k","alerts":["secret"]}`, "alerts[0] is not an alert"},
		"null":          {`{"version":"4","groupKey":"k","alerts":[null]}`, "alerts[0].status is neither"},
		"status":        {`{"version":"4","groupKey":"k","alerts":[{"status":"secret"}]}`, "alerts[0].status is neither firing nor resolved"},
		"labels":        {`{"version":"4","groupKey":"k","alerts":[{"status":"firing","labels":{"a":7}}]}`, "alerts[0].labels"},
		"long label":    {`{"version":"4","groupKey":"k","alerts":[{"status":"firing","labels":{"` + long + `":7}}]}`, "alerts[0].labels"},
		"time":          {`{"version":"4","groupKey":"k","alerts":[{"status":"firing","startsAt":"secret"}]}`, "RFC 3339"},
		"far time":      {`{"version":"4","groupKey":"k","alerts":[{"status":"firing","startsAt":"9999-12-31T23:59:59-10:00"}]}`, "out of range"},
		"truncated":     {`{"version":"4","groupKey":"k","alerts":[{"status":"firing"}],"truncatedAlerts":-1}`, "truncatedAlerts has the wrong type"},
		"huge":          {strings.Repeat(" ", maxPayload+1), "larger than 64 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode([]byte(c.body), noon)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("have %v, want %q", err, c.want)
			}
			if rapbot.ErrorCode(err) != rapbot.Invalid || len(err.Error()) > 300 || strings.Contains(err.Error(), "secret") {
				t.Errorf("not a short sentence without values: %s %q", rapbot.ErrorCode(err), err)
			}
		})
	}
}

// FuzzDecode: whatever is accepted can be stored, keyed and shown.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(recorded))
	f.Add([]byte(`{"version":"4","groupKey":"k","alerts":[{"status":"resolved","startsAt":"0000-01-01T00:00:00+14:00"}]}`))
	f.Add([]byte(`{"text":"x"}`))
	renderer, err := NewRenderer(RendererOptions{Block: block("text", `{{ template "opsgenie.default.description" . }}`)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := Decode(body, noon)
		if err != nil {
			if s := err.Error(); s == "" || len(s) > 300 || strings.ContainsAny(s, "\n\x00") {
				t.Fatalf("error %q", s)
			}
			return
		}
		stored, err := json.Marshal(d)
		if err != nil {
			t.Fatalf("cannot be stored: %v", err)
		}
		var back alert.Delivery
		if err := json.Unmarshal(stored, &back); err != nil || !reflect.DeepEqual(back.Alerts, d.Alerts) || key(back) != d.Key {
			t.Fatalf("not the same after storing: %v", err)
		}
		var g alert.Group
		g = g.Absorb(d).Absorb(back)
		rendered, _ := renderer.Render(d)
		for _, m := range []rapbot.Message{Card(g, noon, nil), Card(g, noon, rendered)} {
			if shown := fmt.Sprint(m.Summary, m.Plain()); len(d.Alerts) == 0 || tidy(shown, len(shown)) != shown {
				t.Fatalf("characters that mislead: %q", shown)
			}
		}
	})
}
