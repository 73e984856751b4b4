package journaltest

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

var notePromises = []promise[rapbot.Notes]{
	{"Note/is empty when there is none", noNote},
	{"PutNote/takes the place of the one before, and of no other", noteReplaces},
	{"PutNote/nothing in a name or a text is more than text", hostileNote},
}

var unsettledPromises = []promise[alert.Inbox]{
	{"Unsettled/are the groups that fire, shown or not, until they resolve", unsettledWhileFiring},
	{"Unsettled/are those that hold a delivery, every field of it, with times in UTC", unsettledWhileHeld},
}

func noNote(t *testing.T, j rapbot.Notes) {
	same(t, must[string](t)(j.Note(t.Context(), "watch")), "")
}

func noteReplaces(t *testing.T, j rapbot.Notes) {
	for _, text := range []string{"one", "two", "", "three"} {
		succeed(t, j.PutNote(t.Context(), "watch", text))
		same(t, must[string](t)(j.Note(t.Context(), "watch")), text)
	}
	succeed(t, j.PutNote(t.Context(), "another", "four"))
	same(t, must[string](t)(j.Note(t.Context(), "watch")), "three")
}

func hostileNote(t *testing.T, j rapbot.Notes) {
	for _, text := range []string{"'); DROP TABLE notes; --", "a\x00b", "\u202e{\"a\": 1}"} {
		succeed(t, j.PutNote(t.Context(), text, text))
		same(t, must[string](t)(j.Note(t.Context(), text)), text)
	}
}

func notesSurvive(t *testing.T, j Journal, crash func() Journal) {
	succeed(t, j.PutNote(t.Context(), "watch", "one"))
	j = crash()
	same(t, must[string](t)(j.Note(t.Context(), "watch")), "one")
}

// unsettled returns the groups that are not settled.
func unsettled(t *testing.T, j alert.Inbox) []alert.Group {
	t.Helper()
	return must[[]alert.Group](t)(j.Unsettled(t.Context()))
}

// resolved is a delivery that says that the alert has ended.
func resolved(d alert.Delivery, at time.Time) alert.Delivery {
	a := d.Alerts[0]
	a.Status, a.EndsAt = "resolved", at
	d.Status, d.ReceivedAt, d.Alerts = "resolved", at, []alert.Alert{a}
	return d
}

func unsettledWhileFiring(t *testing.T, j alert.Inbox) {
	same(t, len(unsettled(t, j)), 0)
	west := absorb(t, j, delivery("us-west-2", "k1"))
	eu := absorb(t, j, delivery("eu-west-1", "k1"))
	same(t, unsettled(t, j), []alert.Group{eu, west})
	succeed(t, j.Shown(t.Context(), eu.ID, aCard, "firing", eu.ChangedAt))
	eu.Card, eu.Told = aCard, "firing"
	same(t, unsettled(t, j), []alert.Group{eu, west})
	absorb(t, j, resolved(delivery("us-west-2", "k2"), noon.Add(time.Minute)))
	same(t, unsettled(t, j), []alert.Group{eu})
}

func unsettledWhileHeld(t *testing.T, j alert.Inbox) {
	zone := time.FixedZone("UTC-3:30", -(3*3600 + 30*60))
	absorb(t, j, delivery("us-west-2", "k1"))
	absorb(t, j, resolved(delivery("us-west-2", "k2"), noon.Add(time.Minute)))
	held := absorb(t, j, received(delivery("us-west-2", "k3"), noon.Add(2*time.Minute).In(zone)))
	if held.Held == nil || held.Latest.Status != "resolved" {
		t.Fatalf("the late delivery was not held: %+v", held)
	}
	same(t, unsettled(t, j), []alert.Group{held})
	if held.Held.ReceivedAt.Location() != time.UTC {
		t.Errorf("what is held is read back in %s, want UTC", held.Held.ReceivedAt.Location())
	}
	absorb(t, j, resolved(delivery("us-west-2", "k4"), noon.Add(3*time.Minute)))
	same(t, len(unsettled(t, j)), 0)
}
