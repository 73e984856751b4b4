package journaltest

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

var groupPromises = []promise[alert.Inbox]{
	{"Group/knows no group that is not there", groupNotFound},
	{"Absorb/stores the group and takes the delivery out of the pending", absorbTakesBoth},
	{"Absorb/a delivery that is not there changes nothing", absorbNotFound},
	{"Absorb/a delivery is absorbed once", absorbedOnce},
	{"Absorb/several deliveries together, or none of them", absorbTogether},
	{"Absorb/of many at once exactly one absorbs", oneAbsorbs},
	{"Absorb/leaves the card where it stands", absorbLeavesTheCard},
}

func groupNotFound(t *testing.T, j alert.Inbox) {
	accept(t, j, delivery("us-west-2", "accepted, not absorbed"), true)
	for _, id := range []string{"", "nobody", "rapbot", alert.GroupID(delivery("us-west-2", ""))} {
		_, err := j.Group(t.Context(), id)
		refuse(t, rapbot.NotFound, err)
	}
}

func absorbTakesBoth(t *testing.T, j alert.Inbox) {
	accept(t, j, delivery("us-west-2", "k1"), true)
	accept(t, j, delivery("us-west-2", "k2"), true)
	d := pending(t, j)[0]
	g := alert.Group{}.Absorb(d)
	succeed(t, j.Absorb(t.Context(), g, d.ID))

	got := must[alert.Group](t)(j.Group(t.Context(), g.ID))
	same(t, got, g)
	same(t, got.Latest.ID, d.ID)
	for name, at := range map[string]time.Time{"first seen": got.FirstSeen, "changed": got.ChangedAt} {
		if at.Location() != time.UTC {
			t.Errorf("%s is read back in %s, want UTC", name, at.Location())
		}
	}
	same(t, keys(pending(t, j)), []string{"k2"})
}

func absorbNotFound(t *testing.T, j alert.Inbox) {
	d := delivery("us-west-2", "k1")
	for _, number := range []int64{-1, 0, 1} {
		refuse(t, rapbot.NotFound, j.Absorb(t.Context(), alert.Group{}.Absorb(d), number))
	}
	_, err := j.Group(t.Context(), alert.GroupID(d))
	refuse(t, rapbot.NotFound, err)
	same(t, unshown(t, j), []string{})
}

func absorbedOnce(t *testing.T, j alert.Inbox) {
	g := absorb(t, j, delivery("us-west-2", "k1"))
	again := g
	again.Times = 99
	refuse(t, rapbot.Conflict, j.Absorb(t.Context(), again, g.Latest.ID))
	same(t, must[alert.Group](t)(j.Group(t.Context(), g.ID)), g)
}

func absorbTogether(t *testing.T, j alert.Inbox) {
	var g alert.Group
	var numbers []int64
	for _, key := range []string{"k1", "k2", "k3"} {
		accept(t, j, delivery("us-west-2", key), true)
	}
	for _, d := range pending(t, j) {
		g, numbers = g.Absorb(d), append(numbers, d.ID)
	}
	succeed(t, j.Absorb(t.Context(), g, numbers[1]))
	refuse(t, rapbot.Conflict, j.Absorb(t.Context(), alert.Group{ID: "other"}, numbers...))
	refuse(t, rapbot.Conflict, j.Absorb(t.Context(), alert.Group{ID: "other"}, numbers[0], numbers[0]))
	refuse(t, rapbot.NotFound, j.Absorb(t.Context(), alert.Group{ID: "other"}, numbers[0], 4711))
	same(t, keys(pending(t, j)), []string{"k1", "k3"})
	same(t, unshown(t, j), []string{g.ID})
	succeed(t, j.Absorb(t.Context(), g, numbers[0], numbers[2]))
	same(t, keys(pending(t, j)), []string{})
}

func oneAbsorbs(t *testing.T, j alert.Inbox) {
	accept(t, j, delivery("us-west-2", "k1"), true)
	d := pending(t, j)[0]
	exactlyOne(t, together(rivals, func(int) error {
		return j.Absorb(t.Context(), alert.Group{}.Absorb(d), d.ID)
	}), rapbot.Conflict)
	same(t, len(unshown(t, j)), 1)
}

// absorbLeavesTheCard has a card posted between the reading of the group and
// the absorbing of a delivery into it.
func absorbLeavesTheCard(t *testing.T, j alert.Inbox) {
	read := absorb(t, j, delivery("us-west-2", "k1"))
	card := rapbot.Ref{Channel: "C2", ID: "1.5"}
	succeed(t, j.Shown(t.Context(), read.ID, card, "firing", read.ChangedAt))

	accept(t, j, received(delivery("us-west-2", "k2"), noon.Add(time.Minute)), true)
	d := pending(t, j)[0]
	succeed(t, j.Absorb(t.Context(), read.Absorb(d), d.ID))
	got := must[alert.Group](t)(j.Group(t.Context(), read.ID))
	same(t, []any{got.Card, got.Told, got.Latest.Key}, []any{card, "firing", "k2"})
}
