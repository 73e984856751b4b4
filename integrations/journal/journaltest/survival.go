package journaltest

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

var survivalPromises = []struct {
	that  string
	holds func(t *testing.T, j Journal, crash func() Journal)
}{
	{"operations are there after a crash", operationsSurvive},
	{"terms go on rising after a crash", termsSurvive},
	{"samples are there after a crash", samplesSurvive},
	{"deliveries and keys are there after a crash", deliveriesSurvive},
	{"groups are there after a crash", groupsSurvive},
	{"notes are there after a crash", notesSurvive},
}

func operationsSurvive(t *testing.T, j Journal, crash func() Journal) {
	term, first := proposed(t, j)
	first = must[rapbot.Operation](t)(j.Append(t.Context(), term, first.ID, record(2, rapbot.RecCancelled)))
	second := must[rapbot.Operation](t)(j.Propose(t.Context(), term, proposal()))
	second = must[rapbot.Operation](t)(j.Append(t.Context(), term, second.ID, records(2, rapbot.RecAsked, rapbot.RecApproved, rapbot.RecStarted)...))

	j = crash()
	same(t, must[[]rapbot.Operation](t)(j.History(t.Context(), 10)), []rapbot.Operation{second, first})
	same(t, must[[]rapbot.Operation](t)(j.Open(t.Context())), []rapbot.Operation{second})
	term = acquire(t, j)
	_, err := j.Propose(t.Context(), term, proposal())
	refuse(t, rapbot.Conflict, err)
	must[rapbot.Operation](t)(j.Append(t.Context(), term, second.ID, record(5, rapbot.RecStepStarted)))
}

func termsSurvive(t *testing.T, j Journal, crash func() Journal) {
	acquire(t, j)
	before := acquire(t, j)
	j = crash()
	_, err := j.Propose(t.Context(), before-1, proposal())
	refuse(t, rapbot.Superseded, err)
	if after := acquire(t, j); after <= before {
		t.Errorf("term %d follows term %d", after, before)
	}
}

func samplesSurvive(t *testing.T, j Journal, crash func() Journal) {
	want := append(aRound(noon), aRound(noon.Add(time.Second))...)
	succeed(t, j.Keep(t.Context(), want...))
	j = crash()
	same(t, since(t, j, time.Time{}), want)
	succeed(t, j.Keep(t.Context(), want...))
	same(t, since(t, j, time.Time{}), want)
}

func deliveriesSurvive(t *testing.T, j Journal, crash func() Journal) {
	accept(t, j, delivery("us-west-2", "k1"), true)
	accept(t, j, delivery("us-west-2", "k2"), true)
	must[bool](t)(j.FirstTime(t.Context(), "Ev1", noon))
	want := pending(t, j)

	j = crash()
	same(t, pending(t, j), want)
	accept(t, j, delivery("us-west-2", "k2"), false)
	same(t, must[bool](t)(j.FirstTime(t.Context(), "Ev1", noon.Add(time.Minute))), false)
}

func groupsSurvive(t *testing.T, j Journal, crash func() Journal) {
	shown := absorb(t, j, delivery("us-west-2", "k1"))
	shown.Card, shown.Told = aCard, "firing"
	succeed(t, j.Shown(t.Context(), shown.ID, shown.Card, shown.Told, shown.ChangedAt))
	waiting := absorb(t, j, delivery("eu-west-1", "k1"))

	j = crash()
	same(t, len(pending(t, j)), 0)
	same(t, must[alert.Group](t)(j.Group(t.Context(), shown.ID)), shown)
	same(t, must[[]alert.Group](t)(j.Unshown(t.Context())), []alert.Group{waiting})
}
