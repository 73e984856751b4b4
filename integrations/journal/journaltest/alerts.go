package journaltest

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// delivery is what Alertmanager said of the lag of a region, with a key.
func delivery(region, key string) alert.Delivery {
	labels := map[string]string{"alertname": "ReplicationLag", "region": region}
	return alert.Delivery{
		Key: key, GroupKey: "{}/{team=\"rap\"}", ReceivedAt: noon, Receiver: "rapbot", Status: "firing", Reason: "new alert",
		GroupLabels: labels, CommonLabels: labels, CommonAnnotations: map[string]string{"summary": "lag"},
		RouteLabels: map[string]string{"route": "rap"}, ExternalURL: "http://alertmanager", Truncated: 3,
		Alerts: []alert.Alert{{
			Status: "firing", Labels: labels, Annotations: map[string]string{"value": "4m"},
			StartsAt: noon.Add(-time.Minute), EndsAt: noon.Add(time.Nanosecond), GeneratorURL: "http://prometheus", Fingerprint: region,
		}},
	}
}

func received(d alert.Delivery, at time.Time) alert.Delivery {
	d.ReceivedAt = at
	return d
}

// accept wants a delivery to be accepted as fresh or not.
func accept(t *testing.T, j alert.Inbox, d alert.Delivery, fresh bool) {
	t.Helper()
	if got := must[bool](t)(j.Accept(t.Context(), d)); got != fresh {
		t.Fatalf("delivery %q: fresh is %t, want %t", d.Key, got, fresh)
	}
}

// pending returns all pending deliveries.
func pending(t *testing.T, j alert.Inbox) []alert.Delivery {
	t.Helper()
	return must[[]alert.Delivery](t)(j.Pending(t.Context(), 1000))
}

func keys(deliveries []alert.Delivery) []string {
	out := []string{}
	for _, d := range deliveries {
		out = append(out, d.Key)
	}
	return out
}

// absorb accepts a delivery and takes it into its group, as the bot does.
func absorb(t *testing.T, j alert.Inbox, d alert.Delivery) alert.Group {
	t.Helper()
	accept(t, j, d, true)
	all := pending(t, j)
	d = all[len(all)-1]
	g, err := j.Group(t.Context(), alert.GroupID(d))
	if err != nil {
		refuse(t, rapbot.NotFound, err)
	}
	g = g.Absorb(d)
	succeed(t, j.Absorb(t.Context(), g, d.ID))
	return must[alert.Group](t)(j.Group(t.Context(), g.ID))
}

// unshown returns the IDs of the groups that are not shown.
func unshown(t *testing.T, j alert.Inbox) []string {
	t.Helper()
	out := []string{}
	for _, g := range must[[]alert.Group](t)(j.Unshown(t.Context())) {
		out = append(out, g.ID)
	}
	return out
}
