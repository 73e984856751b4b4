package journaltest

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

var appendPromises = []promise[rapbot.Operations]{
	{"Append/returns the operation as it is read afterwards", returnsWhatIsRead},
	{"Append/keeps every field of every record, with times in UTC", keepsEveryField},
	{"Append/all or none", allOrNone},
	{"Append/conflicts when the records do not follow", mustFollow},
	{"Append/conflicts when the state does not allow it", mustBeAllowed},
	{"Append/an approval of another plan is stale", staleApproval},
	{"Append/knows no operation that is not there", appendNotFound},
	{"Append/an ended operation still gets its card and its thread", endedKeepsItsCard},
	{"Append/no records change nothing", appendNothing},
	{"Append/shares nothing with its caller", sharesNothing},
}

func returnsWhatIsRead(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	all := []rapbot.Record{proposal()}
	for _, batch := range [][]rapbot.Record{
		records(2, rapbot.RecAsked),
		records(3, rapbot.RecApproved, rapbot.RecStarted, rapbot.RecStepStarted, rapbot.RecStepDone),
		records(7, rapbot.RecTold, rapbot.RecSucceeded),
	} {
		o = must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, batch...))
		all = append(all, batch...)
		want := must[rapbot.Operation](t)(rapbot.Replay(o.ID, all))
		same(t, o, want)
		same(t, must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)), want)
	}
}

func keepsEveryField(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	zone := time.FixedZone("UTC+5:45", 5*3600+45*60)
	plan, by := aPlan(), bob
	plan.MadeAt = plan.MadeAt.In(zone)
	full := rapbot.Record{
		Seq: 2, At: noon.Add(time.Nanosecond).In(zone), Kind: rapbot.RecCard, By: &by, Plan: &plan, Digest: plan.Digest(),
		Step: 1, Text: "quote ' \" `, line\nbreak, NUL \x00, <script>, ünïcode 🛟", Channel: "C1", Expires: noon.Add(time.Hour).In(zone),
		Skipped: true, Evidence: map[string]string{"lsn": "0/3000148", "": "empty name"}, Card: &rapbot.Ref{Channel: "C1", ID: "1.2"},
	}
	returned := must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, full))
	o = must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID))
	got := o.Records[1]
	same(t, got, full)
	same(t, returned, o)
	same(t, o.Plan.Digest(), aPlan().Digest())
	for name, at := range map[string]time.Time{"at": got.At, "expires": got.Expires, "plan made at": got.Plan.MadeAt, "returned": returned.Records[1].At} {
		if at.Location() != time.UTC {
			t.Errorf("%s is read back in %s, want UTC", name, at.Location())
		}
	}
}

func allOrNone(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	for _, batch := range [][]rapbot.Record{
		records(2, rapbot.RecAsked, rapbot.RecApproved, rapbot.RecSucceeded),
		records(2, rapbot.RecCard, "no such kind"),
	} {
		_, err := j.Append(t.Context(), term, o.ID, batch...)
		if err == nil {
			t.Fatalf("%v was accepted", batch)
		}
		same(t, must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)), o)
	}
}

func mustFollow(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	o = must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, record(2, rapbot.RecAsked)))
	gap := []rapbot.Record{record(3, rapbot.RecTold), record(5, rapbot.RecTold)}
	for _, batch := range [][]rapbot.Record{records(0, rapbot.RecTold), records(2, rapbot.RecTold), records(4, rapbot.RecTold), gap} {
		_, err := j.Append(t.Context(), term, o.ID, batch...)
		refuse(t, rapbot.Conflict, err)
	}
	same(t, must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)), o)
}

func mustBeAllowed(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	for _, kind := range []rapbot.RecordKind{rapbot.RecApproved, rapbot.RecStarted, rapbot.RecSucceeded, rapbot.RecProposed} {
		_, err := j.Append(t.Context(), term, o.ID, record(2, kind))
		refuse(t, rapbot.Conflict, err)
		if !strings.Contains(err.Error(), "/rap show "+o.ID) {
			t.Errorf("the refusal does not say what to do: %s", err)
		}
	}
}

func staleApproval(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	o = must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, record(2, rapbot.RecAsked)))
	other := record(3, rapbot.RecApproved)
	other.Digest = "another"
	_, err := j.Append(t.Context(), term, o.ID, other)
	refuse(t, rapbot.Stale, err)
	same(t, must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)), o)
}

func appendNotFound(t *testing.T, j rapbot.Operations) {
	term, _ := proposed(t, j)
	for _, id := range noSuchIDs {
		_, err := j.Append(t.Context(), term, id, record(2, rapbot.RecAsked))
		refuse(t, rapbot.NotFound, err)
	}
}

func endedKeepsItsCard(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, record(2, rapbot.RecCancelled)))
	card := record(3, rapbot.RecCard)
	card.Card = &rapbot.Ref{Channel: "C1", ID: "7"}
	must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, card, record(4, rapbot.RecTold)))
	_, err := j.Append(t.Context(), term, o.ID, record(5, rapbot.RecAsked))
	refuse(t, rapbot.Conflict, err)

	o = must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID))
	same(t, []any{o.State, o.Card, o.Told}, []any{rapbot.Cancelled, *card.Card, 3})
	same(t, len(must[[]rapbot.Operation](t)(j.Open(t.Context()))), 0)
	must[rapbot.Operation](t)(j.Propose(t.Context(), term, proposal()))
	must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, record(5, rapbot.RecTold)))
	same(t, len(must[[]rapbot.Operation](t)(j.Open(t.Context()))), 1)
}

func appendNothing(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	same(t, must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID)), o)
	same(t, must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID)), o)
}

func sharesNothing(t *testing.T, j rapbot.Operations) {
	term, o := proposed(t, j)
	card := record(2, rapbot.RecCard)
	card.Evidence = map[string]string{"mine": "before"}
	returned := must[rapbot.Operation](t)(j.Append(t.Context(), term, o.ID, card))
	want := maps.Clone(card.Evidence)

	card.Evidence["mine"] = "after"
	same(t, returned.Records[1].Evidence, want)
	returned.Records[1].Evidence["mine"] = "after"
	returned.Plan.Steps[0].Title = "after"
	read := must[rapbot.Operation](t)(j.Operation(t.Context(), o.ID))
	same(t, read.Records[1].Evidence, want)
	same(t, read.Plan, aPlan())
}
