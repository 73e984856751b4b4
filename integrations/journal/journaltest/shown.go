package journaltest

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

var shownPromises = []promise[alert.Inbox]{
	{"Unshown/a group is unshown until its card shows it", unshownUntilShown},
	{"Unshown/a group is unshown again when it changes", unshownAgain},
	{"Unshown/a card that shows an older state does not count", olderStateDoesNotCount},
	{"Unshown/a change is noticed though the clock stands still or goes back", clockStandsStill},
	{"Unshown/the oldest change comes first", oldestChangeFirst},
	{"Shown/stores where the card stands and what was told", shownStores},
	{"Shown/knows no group that is not there", shownNotFound},
}

var aCard = rapbot.Ref{Channel: "C2", ID: "1.5"}

func unshownUntilShown(t *testing.T, j alert.Inbox) {
	same(t, unshown(t, j), []string{})
	g := absorb(t, j, delivery("us-west-2", "k1"))
	same(t, must[[]alert.Group](t)(j.Unshown(t.Context())), []alert.Group{g})
	succeed(t, j.Shown(t.Context(), g.ID, aCard, "firing", g.ChangedAt))
	same(t, unshown(t, j), []string{})
}

func unshownAgain(t *testing.T, j alert.Inbox) {
	g := absorb(t, j, delivery("us-west-2", "k1"))
	succeed(t, j.Shown(t.Context(), g.ID, aCard, "firing", g.ChangedAt))
	absorb(t, j, received(delivery("us-west-2", "k2"), noon.Add(time.Nanosecond)))
	same(t, unshown(t, j), []string{g.ID})
}

func olderStateDoesNotCount(t *testing.T, j alert.Inbox) {
	first := absorb(t, j, delivery("us-west-2", "k1"))
	second := absorb(t, j, received(delivery("us-west-2", "k2"), noon.Add(time.Minute)))
	succeed(t, j.Shown(t.Context(), first.ID, aCard, "firing", first.ChangedAt))
	same(t, unshown(t, j), []string{first.ID})
	succeed(t, j.Shown(t.Context(), first.ID, aCard, "firing", second.ChangedAt))
	same(t, unshown(t, j), []string{})
	succeed(t, j.Shown(t.Context(), first.ID, aCard, "firing", first.ChangedAt))
	same(t, unshown(t, j), []string{first.ID})
}

func clockStandsStill(t *testing.T, j alert.Inbox) {
	g := absorb(t, j, delivery("us-west-2", "k1"))
	for i, at := range []time.Time{noon, noon, noon.Add(-time.Hour), noon.Add(-time.Minute)} {
		succeed(t, j.Shown(t.Context(), g.ID, aCard, "firing", g.ChangedAt))
		same(t, unshown(t, j), []string{})
		next := absorb(t, j, received(delivery("us-west-2", string(rune('a'+i))), at))
		if !next.ChangedAt.After(g.ChangedAt) {
			t.Fatalf("the change at %s is not after the one at %s", next.ChangedAt, g.ChangedAt)
		}
		same(t, unshown(t, j), []string{g.ID})
		g = next
	}
}

func oldestChangeFirst(t *testing.T, j alert.Inbox) {
	var want []string
	for _, r := range []string{"c", "a", "b"} {
		at := noon.Add(time.Duration(len(want)) * time.Second)
		want = append(want, absorb(t, j, received(delivery(r, "k1"), at)).ID)
	}
	same(t, unshown(t, j), want)
	absorb(t, j, received(delivery("c", "k2"), noon.Add(time.Minute)))
	same(t, unshown(t, j), append(want[1:], want[0]))
}

func shownStores(t *testing.T, j alert.Inbox) {
	g := absorb(t, j, delivery("us-west-2", "k1"))
	for _, told := range []string{"firing", "", "resolved"} {
		g.Card, g.Told = rapbot.Ref{Channel: "C2", ID: "of " + told}, told
		succeed(t, j.Shown(t.Context(), g.ID, g.Card, told, g.ChangedAt))
		same(t, must[alert.Group](t)(j.Group(t.Context(), g.ID)), g)
	}
}

func shownNotFound(t *testing.T, j alert.Inbox) {
	refuse(t, rapbot.NotFound, j.Shown(t.Context(), "nobody", aCard, "firing", noon))
	same(t, unshown(t, j), []string{})
}
