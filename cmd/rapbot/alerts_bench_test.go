package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/template"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/alertmanager"
	"github.com/rap-analyzer/rapbot/integrations/journal"
	"github.com/rap-analyzer/rapbot/integrations/slack"
)

// BenchmarkAlerts is what one webhook call of twenty alerts costs at each
// point of its way, beside the bare decoding of its JSON by encoding/json into
// Alertmanager's own type. tools/ratios makes a table of it.
func BenchmarkAlerts(b *testing.B) {
	bodies := benchBodies(b)
	b.Run("bare-decode", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			var d struct {
				template.Data
				Version, GroupKey string
			}
			if err := json.Unmarshal(bodies[i%len(bodies)], &d); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("checked-decode", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			decoded(b, bodies[i%len(bodies)])
		}
	})
	b.Run("accepted-durably-one-at-a-time", func(b *testing.B) { benchAccept(b, bodies, 1) })
	b.Run("accepted-durably-64-at-a-time", func(b *testing.B) { benchAccept(b, bodies, 64) })
	b.Run("absorbed-into-its-group", func(b *testing.B) { benchAbsorb(b, bodies) })
	g := alert.Group{}.Absorb(decoded(b, bodies[0]))
	b.Run("card-rendered-for-slack", func(b *testing.B) {
		for b.Loop() {
			slack.Render(alertmanager.Card(g, time.Now(), nil))
		}
	})
	b.Run("card-by-alertmanagers-template", func(b *testing.B) {
		r, err := alertmanager.NewRenderer(alertmanager.RendererOptions{Block: alertmanager.SlackBlock{
			Templates: []alertmanager.KeyTemplate{{Key: "text", Text: `{{ range .Alerts }}{{ .Annotations.summary }} {{ .Labels.instance }}{{ "\n" }}{{ end }}`}},
		}})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			rendered, err := r.Render(g.Latest)
			if err != nil {
				b.Fatal(err)
			}
			slack.Render(alertmanager.Card(g, time.Now(), rendered))
		}
	})
}

func decoded(b *testing.B, body []byte) alert.Delivery {
	d, err := alertmanager.Decode(body, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	return d
}

func benchJournal(b *testing.B) *journal.Journal {
	j, err := journal.Open(b.Context(), filepath.Join(b.TempDir(), "journal.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { j.Close() })
	return j
}

// benchAccept makes calls of the webhook, each of which is on disk when it is
// answered.
func benchAccept(b *testing.B, bodies [][]byte, atOnce int) {
	j := benchJournal(b)
	h, err := alertmanager.NewHandler(alertmanager.Options{Insecure: true, Inbox: j})
	if err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	b.SetParallelism(atOnce)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := int(n.Add(1))
			req := httptest.NewRequest(http.MethodPost, alertmanager.Path, bytes.NewReader(bodies[i%len(bodies)]))
			req.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, req)
			if w.Code != http.StatusOK {
				said, _ := io.ReadAll(w.Body)
				b.Errorf("%d %s", w.Code, said)
			}
		}
	})
}

func benchAbsorb(b *testing.B, bodies [][]byte) {
	j := benchJournal(b)
	for b.Loop() {
		b.StopTimer()
		for i := range 8 {
			d := decoded(b, bodies[i%len(bodies)])
			d.Key = rapbotKey()
			if _, err := j.Accept(b.Context(), d); err != nil {
				b.Fatal(err)
			}
		}
		pending, err := j.Pending(b.Context(), 8)
		if err != nil || len(pending) != 8 {
			b.Fatal(len(pending), err)
		}
		b.StartTimer()
		for _, d := range pending {
			g, err := j.Group(b.Context(), alert.GroupID(d))
			if err != nil && rapbot.ErrorCode(err) != rapbot.NotFound {
				b.Fatal(err)
			}
			if err := j.Absorb(b.Context(), g.Absorb(d), d.ID); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(8*b.N), "ns/op") // of one of the eight
}

var benchKeys atomic.Int64

func rapbotKey() string { return fmt.Sprint("key ", benchKeys.Add(1)) }

// benchBodies are calls for 500 groups, each of them twice with a difference,
// so that none says what the one before it of its group has said.
func benchBodies(b *testing.B) [][]byte {
	var bodies [][]byte
	for n := range 1000 {
		name := fmt.Sprint("DiskFills", n%500)
		var alerts []map[string]any
		for a := range 20 {
			alerts = append(alerts, map[string]any{
				"status": "firing", "startsAt": time.Unix(int64(1700000000+n/500), 0).UTC(), "endsAt": "0001-01-01T00:00:00Z", "fingerprint": fmt.Sprintf("%016x", n%500*100+a),
				"labels":       map[string]string{"alertname": name, "region": "us-west-2", "severity": "warning", "instance": fmt.Sprintf("db-us-west-2-%02d:9187", a), "job": "postgres"},
				"annotations":  map[string]string{"summary": "The disk of a database server fills up", "description": "91 % of /var/lib/postgresql is used, and at this rate it is full in 12 minutes.", "runbook_url": "https://runbooks.example/disk"},
				"generatorURL": "http://prometheus.example:9090/graph?g0.expr=disk_used+%3E+0.9&g0.tab=1",
			})
		}
		common := map[string]string{"alertname": name, "region": "us-west-2", "severity": "warning", "job": "postgres"}
		body, err := json.Marshal(map[string]any{
			"receiver": "rapbot", "status": "firing", "version": "4", "groupKey": fmt.Sprintf(`{}:{alertname=%q}`, name), "groupLabels": map[string]string{"alertname": name},
			"commonLabels": common, "commonAnnotations": map[string]string{}, "externalURL": "http://alertmanager.example:9093", "truncatedAlerts": 0, "alerts": alerts,
		})
		if err != nil {
			b.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	return bodies
}
