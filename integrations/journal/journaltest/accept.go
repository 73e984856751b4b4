package journaltest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

var acceptPromises = []promise[alert.Inbox]{
	{"Accept/what was accepted is pending, every field of it, with times in UTC", acceptedIsPending},
	{"Accept/an equal delivery is not fresh and not pending twice", twinIsNotFresh},
	{"Accept/only the newest of the group is compared", onlyTheNewestCounts},
	{"Accept/groups are compared apart, whatever the routing tree says", groupsApart},
	{"Accept/of many equal ones at once exactly one is fresh", oneTwinIsFresh},
	{"Accept/many at once are all kept, each with a number of its own", manyAtOnce},
	{"Accept/nothing that arrives is trusted", hostileDelivery},
	{"Accept/what was absorbed is forgotten after a week, but never the newest key", forgottenAfterAWeek},
	{"Pending/oldest first, limit at the most", pendingOldestFirst},
}

func acceptedIsPending(t *testing.T, j alert.Inbox) {
	same(t, len(pending(t, j)), 0)
	zone := time.FixedZone("UTC-3:30", -(3*3600 + 30*60))
	d := delivery("us-west-2", "k1")
	d.ID = 4711 // the number is the journal's to give
	d.ReceivedAt = d.ReceivedAt.In(zone)
	d.Alerts[0].StartsAt = d.Alerts[0].StartsAt.In(zone)
	accept(t, j, d, true)

	got := pending(t, j)
	want := d
	want.ID = got[0].ID
	same(t, got, []alert.Delivery{want})
	if got[0].ID <= 0 || got[0].ID == 4711 {
		t.Errorf("the delivery has number %d", got[0].ID)
	}
	for name, at := range map[string]time.Time{"received": got[0].ReceivedAt, "starts": got[0].Alerts[0].StartsAt} {
		if at.Location() != time.UTC {
			t.Errorf("%s is read back in %s, want UTC", name, at.Location())
		}
	}
	if d.Alerts[0].StartsAt.Location() != zone {
		t.Error("the caller's own alerts were changed")
	}
}

func twinIsNotFresh(t *testing.T, j alert.Inbox) {
	accept(t, j, delivery("us-west-2", "k1"), true)
	accept(t, j, received(delivery("us-west-2", "k1"), noon.Add(time.Second)), false)
	same(t, keys(pending(t, j)), []string{"k1"})

	d := pending(t, j)[0]
	succeed(t, j.Absorb(t.Context(), alert.Group{}.Absorb(d), d.ID))
	accept(t, j, received(delivery("us-west-2", "k1"), noon.Add(time.Hour)), false)
	same(t, keys(pending(t, j)), []string{})
}

func onlyTheNewestCounts(t *testing.T, j alert.Inbox) {
	for _, key := range []string{"firing", "resolved", "firing", ""} {
		accept(t, j, delivery("us-west-2", key), true)
		accept(t, j, delivery("us-west-2", key), false)
	}
	same(t, keys(pending(t, j)), []string{"firing", "resolved", "firing", ""})
}

func groupsApart(t *testing.T, j alert.Inbox) {
	accept(t, j, delivery("us-west-2", "k"), true)
	accept(t, j, delivery("eu-west-1", "k"), true)
	other := delivery("us-west-2", "k")
	other.Receiver = "another"
	accept(t, j, other, true)

	rerouted := delivery("us-west-2", "k")
	rerouted.GroupKey = "{}/{team=\"edited\"}"
	accept(t, j, rerouted, false)
	same(t, len(pending(t, j)), 3)
}

func oneTwinIsFresh(t *testing.T, j alert.Inbox) {
	fresh := make([]bool, rivals)
	for _, err := range together(rivals, func(i int) (err error) {
		fresh[i], err = j.Accept(t.Context(), delivery("us-west-2", "k"))
		return err
	}) {
		succeed(t, err)
	}
	count := 0
	for _, f := range fresh {
		if f {
			count++
		}
	}
	same(t, count, 1)
	same(t, keys(pending(t, j)), []string{"k"})
}

func manyAtOnce(t *testing.T, j alert.Inbox) {
	for _, err := range together(rivals, func(i int) error {
		_, err := j.Accept(t.Context(), delivery("us-west-2", fmt.Sprint(i)))
		return err
	}) {
		succeed(t, err)
	}
	numbers, names := map[int64]bool{}, map[string]bool{}
	for _, d := range pending(t, j) {
		numbers[d.ID], names[d.Key] = true, true
	}
	same(t, []int{len(numbers), len(names)}, []int{rivals, rivals})
}

func hostileDelivery(t *testing.T, j alert.Inbox) {
	for i, text := range []string{"'); DROP TABLE deliveries; --", "\x00", "{{ .Values }}", "<!channel>", "\u202e\ufeff", strings.Repeat("x", 100_000)} {
		d := delivery(text, fmt.Sprint(text, i))
		g := absorb(t, j, d)
		same(t, g.Latest.GroupLabels, d.GroupLabels)
		accept(t, j, d, false)
		same(t, must[alert.Group](t)(j.Group(t.Context(), alert.GroupID(d))).ID, alert.GroupID(d))
	}
	same(t, len(unshown(t, j)), 6)
}

// forgottenAfterAWeek tells a forgotten delivery from a kept one by how it is
// refused when it is absorbed again.
func forgottenAfterAWeek(t *testing.T, j alert.Inbox) {
	accept(t, j, delivery("eu-west-1", "never absorbed"), true)
	g := absorb(t, j, delivery("us-west-2", "old"))
	week := 7 * 24 * time.Hour

	accept(t, j, received(delivery("us-east-1", "a week later"), noon.Add(week)), true)
	refuse(t, rapbot.Conflict, j.Absorb(t.Context(), g, g.Latest.ID))
	accept(t, j, received(delivery("us-east-1", "and a moment"), noon.Add(week+time.Nanosecond)), true)
	refuse(t, rapbot.NotFound, j.Absorb(t.Context(), g, g.Latest.ID))

	same(t, keys(pending(t, j)), []string{"never absorbed", "a week later", "and a moment"})
	accept(t, j, received(delivery("us-west-2", "old"), noon.Add(2*week)), false)
	same(t, must[alert.Group](t)(j.Group(t.Context(), g.ID)), g)
}

func pendingOldestFirst(t *testing.T, j alert.Inbox) {
	for i := range 5 {
		accept(t, j, received(delivery("us-west-2", fmt.Sprint(i)), noon.Add(-time.Duration(i)*time.Hour)), true)
	}
	same(t, keys(must[[]alert.Delivery](t)(j.Pending(t.Context(), 3))), []string{"0", "1", "2"})
	same(t, keys(pending(t, j)), []string{"0", "1", "2", "3", "4"})
	for _, limit := range []int{0, -1} {
		same(t, len(must[[]alert.Delivery](t)(j.Pending(t.Context(), limit))), 0)
	}
}
