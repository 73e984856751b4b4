package journaltest

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

var firingPromises = []promise[Journal]{
	{"Unexplained/a group that fires is unexplained from its card on", unexplainedFromTheCard},
	{"Unexplained/a group is explained once a firing", explainedOnceAFiring},
	{"Unexplained/what has resolved needs no explanation", resolvedUnexplained},
	{"Unexplained/the oldest change comes first", unexplainedInOrder},
	{"Explained/an older firing does not take a newer one back", olderExplained},
	{"Explained/knows no group that is not there", explainedNotFound},
}

func unexplained(t *testing.T, j Journal) []string {
	t.Helper()
	ids := []string{}
	for _, g := range must[[]alert.Group](t)(j.Unexplained(t.Context())) {
		ids = append(ids, g.ID)
	}
	return ids
}

// shownFiring absorbs a delivery and puts its card up.
func shownFiring(t *testing.T, j Journal, d alert.Delivery) alert.Group {
	t.Helper()
	g := absorb(t, j, d)
	succeed(t, j.Shown(t.Context(), g.ID, aCard, d.Status, g.ChangedAt))
	return must[alert.Group](t)(j.Group(t.Context(), g.ID))
}

func resolving(d alert.Delivery) alert.Delivery {
	d.Status = "resolved"
	return d
}

func unexplainedFromTheCard(t *testing.T, j Journal) {
	g := absorb(t, j, delivery("us-west-2", "k1"))
	same(t, unexplained(t, j), []string{})
	succeed(t, j.Shown(t.Context(), g.ID, aCard, "firing", g.ChangedAt))
	got := must[[]alert.Group](t)(j.Unexplained(t.Context()))
	same(t, got, []alert.Group{must[alert.Group](t)(j.Group(t.Context(), g.ID))})
	same(t, got[0].Card, aCard)
}

func explainedOnceAFiring(t *testing.T, j Journal) {
	g := shownFiring(t, j, delivery("us-west-2", "k1"))
	succeed(t, j.Explained(t.Context(), g.ID, g.Times))
	same(t, unexplained(t, j), []string{})
	shownFiring(t, j, received(delivery("us-west-2", "k2"), noon.Add(time.Minute)))
	same(t, unexplained(t, j), []string{}) // it went on firing

	shownFiring(t, j, resolving(received(delivery("us-west-2", "k3"), noon.Add(2*time.Minute))))
	same(t, unexplained(t, j), []string{})
	again := shownFiring(t, j, received(delivery("us-west-2", "k4"), noon.Add(3*time.Minute)))
	same(t, again.Times, 2)
	same(t, unexplained(t, j), []string{g.ID})
	succeed(t, j.Explained(t.Context(), g.ID, again.Times))
	same(t, unexplained(t, j), []string{})
}

func resolvedUnexplained(t *testing.T, j Journal) {
	shownFiring(t, j, delivery("us-west-2", "k1"))
	shownFiring(t, j, resolving(received(delivery("us-west-2", "k2"), noon.Add(time.Minute))))
	same(t, unexplained(t, j), []string{})
}

func unexplainedInOrder(t *testing.T, j Journal) {
	west := shownFiring(t, j, received(delivery("us-west-2", "k1"), noon.Add(time.Minute)))
	eu := shownFiring(t, j, delivery("eu-west-1", "k2"))
	same(t, unexplained(t, j), []string{eu.ID, west.ID})
}

func olderExplained(t *testing.T, j Journal) {
	g := shownFiring(t, j, delivery("us-west-2", "k1"))
	succeed(t, j.Explained(t.Context(), g.ID, 1))
	succeed(t, j.Explained(t.Context(), g.ID, 0))
	same(t, unexplained(t, j), []string{})
}

func explainedNotFound(t *testing.T, j Journal) {
	accept(t, j, delivery("us-west-2", "accepted, not absorbed"), true)
	refuse(t, rapbot.NotFound, j.Explained(t.Context(), alert.GroupID(delivery("us-west-2", "")), 1))
}
