package journaltest

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

var amendPromises = []promise[alert.Inbox]{
	{"Amend/stores what people made of the group, and its card is to show it", amendStores},
	{"Amend/leaves the card where it stands", amendLeavesTheCard},
	{"Amend/an older reading of the group changes nothing", amendOnAnOlderReading},
	{"Amend/of many at once exactly one amends", oneAmends},
	{"Amend/knows no group that is not there", amendNotFound},
	{"Firing/returns what fires, the first seen first", firingFirstSeenFirst},
	{"OnCard/finds the group by its card", foundByItsCard},
	{"OnCard/knows no card that another has taken the place of", oldCardIsNoCard},
}

// people acknowledge the group and silence it.
func people(g alert.Group) alert.Group {
	alice := rapbot.Person{ID: "U1", Name: "alice"}
	g.Acked = &alert.Ack{By: alice, At: noon}
	g.Silenced = &alert.Silence{
		ID: "s1", Matchers: []alert.Matcher{{Name: "region", Value: "us-.*", Regex: true}}, StartsAt: noon, EndsAt: noon.Add(time.Hour),
		CreatedBy: alert.Creator(alice), Comment: "disk", By: alice,
	}
	return g
}

func amendStores(t *testing.T, j alert.Inbox) {
	g := absorb(t, j, delivery("us-west-2", "k1"))
	succeed(t, j.Shown(t.Context(), g.ID, aCard, "firing", g.ChangedAt))
	want := people(must[alert.Group](t)(j.Group(t.Context(), g.ID)))
	succeed(t, j.Amend(t.Context(), want))

	got := must[alert.Group](t)(j.Group(t.Context(), g.ID))
	if !got.ChangedAt.After(want.ChangedAt) {
		t.Errorf("it changed at %s, which is not after %s", got.ChangedAt, want.ChangedAt)
	}
	want.ChangedAt = got.ChangedAt
	same(t, got, want)
	same(t, unshown(t, j), []string{g.ID})
	succeed(t, j.Shown(t.Context(), g.ID, aCard, "firing", got.ChangedAt))
	same(t, unshown(t, j), []string{})
}

func amendLeavesTheCard(t *testing.T, j alert.Inbox) {
	read := absorb(t, j, delivery("us-west-2", "k1"))
	succeed(t, j.Shown(t.Context(), read.ID, aCard, "firing", read.ChangedAt))
	succeed(t, j.Amend(t.Context(), people(read))) // read before the card was there
	got := must[alert.Group](t)(j.Group(t.Context(), read.ID))
	same(t, []any{got.Card, got.Told}, []any{aCard, "firing"})
}

func amendOnAnOlderReading(t *testing.T, j alert.Inbox) {
	old := absorb(t, j, delivery("us-west-2", "k1"))
	now := absorb(t, j, received(delivery("us-west-2", "k2"), noon.Add(time.Minute)))
	refuse(t, rapbot.Conflict, j.Amend(t.Context(), people(old)))
	same(t, must[alert.Group](t)(j.Group(t.Context(), now.ID)), now)
}

func oneAmends(t *testing.T, j alert.Inbox) {
	g := absorb(t, j, delivery("us-west-2", "k1"))
	exactlyOne(t, together(rivals, func(int) error { return j.Amend(t.Context(), people(g)) }), rapbot.Conflict)
}

func amendNotFound(t *testing.T, j alert.Inbox) {
	refuse(t, rapbot.NotFound, j.Amend(t.Context(), alert.Group{}.Absorb(delivery("us-west-2", "k1"))))
	same(t, len(must[[]alert.Group](t)(j.Firing(t.Context()))), 0)
}

func firingFirstSeenFirst(t *testing.T, j alert.Inbox) {
	var want []string
	for i, r := range []string{"c", "a", "b"} {
		at := noon.Add(time.Duration(i) * 500 * time.Millisecond)
		want = append(want, absorb(t, j, received(delivery(r, "k1"), at)).ID)
	}
	over := delivery("a", "k2")
	over.Status = "resolved"
	absorb(t, j, received(over, noon.Add(time.Minute)))
	absorb(t, j, received(delivery("c", "k2"), noon.Add(2*time.Minute)))
	var got []string
	for _, g := range must[[]alert.Group](t)(j.Firing(t.Context())) {
		got = append(got, g.ID)
	}
	same(t, got, []string{want[0], want[2]})
}

func foundByItsCard(t *testing.T, j alert.Inbox) {
	absorb(t, j, delivery("eu-west-1", "k1")) // without a card
	g := absorb(t, j, delivery("us-west-2", "k1"))
	succeed(t, j.Shown(t.Context(), g.ID, aCard, "firing", g.ChangedAt))
	same(t, must[alert.Group](t)(j.OnCard(t.Context(), aCard)).ID, g.ID)
	for _, other := range []rapbot.Ref{{}, {Channel: "C3", ID: aCard.ID}, {Channel: aCard.Channel, ID: "9.9"}, {Channel: aCard.Channel}} {
		_, err := j.OnCard(t.Context(), other)
		refuse(t, rapbot.NotFound, err)
	}
}

func oldCardIsNoCard(t *testing.T, j alert.Inbox) {
	g := absorb(t, j, delivery("us-west-2", "k1"))
	succeed(t, j.Shown(t.Context(), g.ID, aCard, "firing", g.ChangedAt))
	next := rapbot.Ref{Channel: aCard.Channel, ID: "2.5"}
	succeed(t, j.Shown(t.Context(), g.ID, next, "firing", g.ChangedAt))
	_, err := j.OnCard(t.Context(), aCard)
	refuse(t, rapbot.NotFound, err)
	same(t, must[alert.Group](t)(j.OnCard(t.Context(), next)).ID, g.ID)
}
