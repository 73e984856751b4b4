package journaltest

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// delivery is what Alertmanager said of the lag of a region, with a key.
func delivery(region, key string) rapbot.Delivery {
	labels := map[string]string{"alertname": "ReplicationLag", "region": region}
	return rapbot.Delivery{
		Key: key, GroupKey: "{}/{team=\"rap\"}", ReceivedAt: noon, Receiver: "rapbot", Status: "firing", Reason: "new alert",
		GroupLabels: labels, CommonLabels: labels, CommonAnnotations: map[string]string{"summary": "lag"},
		RouteLabels: map[string]string{"route": "rap"}, ExternalURL: "http://alertmanager", Truncated: 3,
		Alerts: []rapbot.Alert{{
			Status: "firing", Labels: labels, Annotations: map[string]string{"value": "4m"},
			StartsAt: noon.Add(-time.Minute), EndsAt: noon.Add(time.Nanosecond), GeneratorURL: "http://prometheus", Fingerprint: region,
		}},
	}
}

func received(d rapbot.Delivery, at time.Time) rapbot.Delivery {
	d.ReceivedAt = at
	return d
}

// accept wants a delivery to be accepted as fresh or not.
func accept(t *testing.T, j rapbot.Inbox, d rapbot.Delivery, fresh bool) {
	t.Helper()
	if got := must[bool](t)(j.Accept(t.Context(), d)); got != fresh {
		t.Fatalf("delivery %q: fresh is %t, want %t", d.Key, got, fresh)
	}
}

// pending returns all pending deliveries.
func pending(t *testing.T, j rapbot.Inbox) []rapbot.Delivery {
	t.Helper()
	return must[[]rapbot.Delivery](t)(j.Pending(t.Context(), 1000))
}

func keys(deliveries []rapbot.Delivery) []string {
	out := []string{}
	for _, d := range deliveries {
		out = append(out, d.Key)
	}
	return out
}

// absorb accepts a delivery and takes it into its group, as the bot does.
func absorb(t *testing.T, j rapbot.Inbox, d rapbot.Delivery) rapbot.AlertGroup {
	t.Helper()
	accept(t, j, d, true)
	all := pending(t, j)
	d = all[len(all)-1]
	g, err := j.Group(t.Context(), rapbot.GroupID(d))
	if err != nil {
		refuse(t, rapbot.NotFound, err)
	}
	g = g.Absorb(d)
	succeed(t, j.Absorb(t.Context(), g, d.ID))
	return must[rapbot.AlertGroup](t)(j.Group(t.Context(), g.ID))
}

// unshown returns the IDs of the groups that are not shown.
func unshown(t *testing.T, j rapbot.Inbox) []string {
	t.Helper()
	out := []string{}
	for _, g := range must[[]rapbot.AlertGroup](t)(j.Unshown(t.Context())) {
		out = append(out, g.ID)
	}
	return out
}
