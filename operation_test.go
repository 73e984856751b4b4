package rapbot_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

var (
	alice = rapbot.Person{ID: "UALICE", Name: "alice"}
	bob   = rapbot.Person{ID: "UBOB", Name: "bob", Approver: true}
)

func plan(t *testing.T) rapbot.Plan {
	t.Helper()
	sites := []rapbot.Site{{Name: "a", Slot: "a", Instance: true}, {Name: "b", Slot: "b", Instance: true}, {Name: "c", Slot: "c", Instance: true}}
	p, err := rapbot.PlanSwitchover(fleet(primaryAt("a", 1), replicaAt("b", 1, noon), replicaAt("c", 1, noon)), sites, "b", rapbot.Limits{MaxLag: time.Second, MaxLagBytes: 1000})
	if err != nil || !p.Runnable() {
		t.Fatal(err, p.ChecksWith(rapbot.Fail))
	}
	return p
}

// history applies records to a fresh operation, numbering them.
func history(t *testing.T, records ...rapbot.Record) rapbot.Operation {
	t.Helper()
	p := plan(t)
	o := rapbot.Operation{ID: "1"}
	all := append([]rapbot.Record{{Kind: rapbot.RecProposed, Plan: &p, By: &alice, Expires: noon.Add(10 * time.Minute)}}, records...)
	for i, r := range all {
		r.Seq, r.At = i+1, noon.Add(time.Duration(i)*time.Second)
		if r.Kind == rapbot.RecApproved {
			r.By, r.Digest = &bob, p.Digest()
		}
		var err error
		if o, err = rapbot.Apply(o, r); err != nil {
			t.Fatalf("record %d (%s): %v", i+1, r.Kind, err)
		}
	}
	return o
}

func of(kinds ...rapbot.RecordKind) []rapbot.Record {
	var out []rapbot.Record
	for _, k := range kinds {
		out = append(out, rapbot.Record{Kind: k, By: &bob})
	}
	return out
}

// upTo runs the steps before step n to their end.
func upTo(n int) []rapbot.Record {
	out := of(rapbot.RecAsked, rapbot.RecApproved, rapbot.RecStarted)
	for i := range n {
		out = append(out, rapbot.Record{Kind: rapbot.RecStepStarted, Step: i}, rapbot.Record{Kind: rapbot.RecStepDone, Step: i})
	}
	return out
}

func step(kind rapbot.RecordKind, i int) rapbot.Record { return rapbot.Record{Kind: kind, Step: i} }

func TestNext(t *testing.T) {
	const promote, rejoin = 5, 6
	refused := step(rapbot.RecStepFailed, promote)
	refused.Skipped = true
	tests := []struct {
		name    string
		records []rapbot.Record
		at      time.Duration
		want    rapbot.Move
	}{
		{"proposed", nil, 0, rapbot.Move{Kind: rapbot.MoveAsk}},
		{"asked", of(rapbot.RecAsked), time.Minute, rapbot.Move{Kind: rapbot.MoveAwait, Until: noon.Add(10 * time.Minute)}},
		{"nobody answers", of(rapbot.RecAsked), 10 * time.Minute, rapbot.Move{Kind: rapbot.MoveExpire}},
		{"approved", of(rapbot.RecAsked, rapbot.RecApproved), time.Minute, rapbot.Move{Kind: rapbot.MoveStart}},
		{"approved but started too late", of(rapbot.RecAsked, rapbot.RecApproved), time.Hour, rapbot.Move{Kind: rapbot.MoveExpire}},
		{"running", upTo(0), time.Hour, rapbot.Move{Kind: rapbot.MoveStep, Step: 0}},
		{"crashed in a step", append(upTo(2), step(rapbot.RecStepStarted, 2)), time.Hour, rapbot.Move{Kind: rapbot.MoveStep, Step: 2}},
		{"a step fails", append(upTo(2), step(rapbot.RecStepStarted, 2), step(rapbot.RecStepFailed, 2)), 0, rapbot.Move{Kind: rapbot.MoveRollBack, Step: 2}},
		{"stop is asked for", append(upTo(3), of(rapbot.RecStopAsked)...), 0, rapbot.Move{Kind: rapbot.MoveRollBack}},
		{"stop is asked for too late", append(append(upTo(promote), step(rapbot.RecStepStarted, promote)), of(rapbot.RecStopAsked)...), 0, rapbot.Move{Kind: rapbot.MoveStep, Step: promote}},
		{"rolling back begins with the failed step", append(append(upTo(3), step(rapbot.RecStepStarted, 3), step(rapbot.RecStepFailed, 3)), of(rapbot.RecRollback)...), 0, rapbot.Move{Kind: rapbot.MoveUndo, Step: 3}},
		{"what has nothing to undo is passed over", append(append(upTo(3), step(rapbot.RecStepStarted, 3), step(rapbot.RecStepFailed, 3)), append(of(rapbot.RecRollback), step(rapbot.RecUndoStarted, 3), step(rapbot.RecUndone, 3))...), 0, rapbot.Move{Kind: rapbot.MoveUndo, Step: 1}},
		{"promotion fails", append(upTo(promote), step(rapbot.RecStepStarted, promote), step(rapbot.RecStepFailed, promote)), 0, rapbot.Move{Kind: rapbot.MoveQuestion, Step: promote}},
		{"promotion is refused at its first attempt", append(upTo(promote), step(rapbot.RecStepStarted, promote), refused), 0, rapbot.Move{Kind: rapbot.MoveRollBack, Step: promote}},
		{"promotion is refused after a crash", append(upTo(promote), step(rapbot.RecStepStarted, promote), step(rapbot.RecStepStarted, promote), refused), 0, rapbot.Move{Kind: rapbot.MoveQuestion, Step: promote}},
		{"an optional step fails", append(upTo(rejoin), step(rapbot.RecStepStarted, rejoin), step(rapbot.RecStepFailed, rejoin)), 0, rapbot.Move{Kind: rapbot.MoveStep, Step: rejoin + 1}},
		{"everything is done", upTo(9), 0, rapbot.Move{Kind: rapbot.MoveSucceed}},
		{"ended", append(upTo(9), of(rapbot.RecSucceeded)...), 0, rapbot.Move{Kind: rapbot.MoveNone}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := rapbot.Next(history(t, tt.records...), noon.Add(tt.at)); got != tt.want {
				t.Errorf("next = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestTransitionsRefuse takes an operation of every state and offers it every
// record: what the table does not allow must leave it as it was.
func TestTransitionsRefuse(t *testing.T) {
	all := []rapbot.RecordKind{
		rapbot.RecProposed, rapbot.RecAsked, rapbot.RecApproved, rapbot.RecRejected, rapbot.RecExpired, rapbot.RecCancelled, rapbot.RecStarted,
		rapbot.RecStepStarted, rapbot.RecStepDone, rapbot.RecStepFailed, rapbot.RecStopAsked, rapbot.RecRollback, rapbot.RecUndoStarted, rapbot.RecUndone,
		rapbot.RecUndoFailed, rapbot.RecQuestion, rapbot.RecAnswered, rapbot.RecSucceeded, rapbot.RecFailed,
		rapbot.RecReplanned, rapbot.RecLossCounted,
	}
	allowed := map[rapbot.State][]rapbot.RecordKind{
		rapbot.Proposed:         {rapbot.RecAsked, rapbot.RecExpired, rapbot.RecCancelled},
		rapbot.AwaitingApproval: {rapbot.RecApproved, rapbot.RecRejected, rapbot.RecExpired, rapbot.RecCancelled, rapbot.RecFailed, rapbot.RecReplanned},
		rapbot.Approved:         {rapbot.RecReplanned, rapbot.RecExpired, rapbot.RecCancelled, rapbot.RecStarted, rapbot.RecFailed},
		rapbot.Running:          {rapbot.RecReplanned, rapbot.RecStepStarted, rapbot.RecStepDone, rapbot.RecStepFailed, rapbot.RecStopAsked, rapbot.RecRollback, rapbot.RecUndoStarted, rapbot.RecUndone, rapbot.RecUndoFailed, rapbot.RecQuestion, rapbot.RecSucceeded, rapbot.RecFailed},
		rapbot.NeedsDecision:    {rapbot.RecAnswered},
		rapbot.Succeeded:        {rapbot.RecLossCounted},
		rapbot.Failed:           {rapbot.RecLossCounted},
		rapbot.Rejected:         {}, rapbot.Lapsed: {}, rapbot.Cancelled: {},
	}
	states := map[rapbot.State]rapbot.Operation{
		rapbot.Proposed:         history(t),
		rapbot.AwaitingApproval: history(t, of(rapbot.RecAsked)...),
		rapbot.Approved:         history(t, of(rapbot.RecAsked, rapbot.RecApproved)...),
		rapbot.Running:          history(t, upTo(0)...),
		rapbot.NeedsDecision:    history(t, append(upTo(0), of(rapbot.RecQuestion)...)...),
		rapbot.Succeeded:        history(t, append(upTo(9), of(rapbot.RecSucceeded)...)...),
		rapbot.Failed:           history(t, append(upTo(0), of(rapbot.RecFailed)...)...),
		rapbot.Rejected:         history(t, of(rapbot.RecAsked, rapbot.RecRejected)...),
		rapbot.Lapsed:           history(t, of(rapbot.RecAsked, rapbot.RecExpired)...),
		rapbot.Cancelled:        history(t, of(rapbot.RecCancelled)...),
	}
	p := plan(t)
	for state, o := range states {
		if o.State != state {
			t.Fatalf("have %s, want %s", o.State, state)
		}
		for _, kind := range all {
			r := rapbot.Record{Seq: o.Seq() + 1, At: noon, Kind: kind, By: &bob, Plan: &p, Digest: p.Digest()}
			next, err := rapbot.Apply(o, r)
			if want := slices.Contains(allowed[state], kind); (err == nil) != want {
				t.Errorf("%s, then %s: allowed %v, want %v (%v)", state, kind, err == nil, want, err)
			}
			if err != nil && next.Seq() != o.Seq() {
				t.Errorf("%s, then %s: refused but applied", state, kind)
			}
		}
	}
}

func TestApplyIsInOrder(t *testing.T) {
	o := history(t, of(rapbot.RecAsked)...)
	for _, seq := range []int{0, 1, 2, 4} {
		if _, err := rapbot.Apply(o, rapbot.Record{Seq: seq, Kind: rapbot.RecCancelled, By: &bob}); rapbot.ErrorCode(err) != rapbot.Conflict {
			t.Errorf("record %d after %d: %v", seq, o.Seq(), err)
		}
	}
}

func TestApprovalBindsToTheDigest(t *testing.T) {
	o := history(t, of(rapbot.RecAsked)...)
	if _, err := rapbot.Apply(o, rapbot.Record{Seq: 3, Kind: rapbot.RecApproved, By: &bob, Digest: "of another plan"}); rapbot.ErrorCode(err) != rapbot.Stale {
		t.Errorf("an approval of another plan: %v", err)
	}
	base := plan(t)
	moved := base
	moved.Checks = nil
	moved.MadeAt = noon.Add(time.Hour)
	if moved.Digest() != base.Digest() {
		t.Error("figures that move by themselves are in the digest")
	}
	for name, change := range map[string]func(*rapbot.Plan){
		"target": func(p *rapbot.Plan) { p.To = "c" },
		"source": func(p *rapbot.Plan) { p.From = "c" },
		"role":   func(p *rapbot.Plan) { p.Basis = slices.Clone(p.Basis); p.Basis[1].Value = "primary" },
		"steps":  func(p *rapbot.Plan) { p.Steps = p.Steps[1:] },
	} {
		p := base
		change(&p)
		if p.Digest() == base.Digest() {
			t.Errorf("the %s is not in the digest", name)
		}
	}
}

func TestJudgeApproval(t *testing.T) {
	asked := history(t, of(rapbot.RecAsked)...)
	digest := asked.Plan.Digest()
	person := func(change func(*rapbot.Person)) rapbot.Person { p := bob; change(&p); return p }
	tests := []struct {
		name   string
		o      rapbot.Operation
		p      rapbot.Person
		digest string
		at     time.Duration
		want   rapbot.Code
	}{
		{"an approver", asked, bob, digest, 0, ""},
		{"the requester, though an approver", asked, rapbot.Person{ID: "UALICE", Approver: true}, digest, 0, rapbot.Forbidden},
		{"the requester under another name", asked, rapbot.Person{ID: "UALICE", Name: "bob", Approver: true}, digest, 0, rapbot.Forbidden},
		{"outside the group", asked, person(func(p *rapbot.Person) { p.Approver = false }), digest, 0, rapbot.Forbidden},
		{"guest", asked, person(func(p *rapbot.Person) { p.Guest = true }), digest, 0, rapbot.Forbidden},
		{"bot", asked, person(func(p *rapbot.Person) { p.Bot = true }), digest, 0, rapbot.Forbidden},
		{"deactivated", asked, person(func(p *rapbot.Person) { p.Inactive = true }), digest, 0, rapbot.Forbidden},
		{"external", asked, person(func(p *rapbot.Person) { p.External = true }), digest, 0, rapbot.Forbidden},
		{"nobody", asked, rapbot.Person{Approver: true}, digest, 0, rapbot.Forbidden},
		{"another plan", asked, bob, "deadbeef", 0, rapbot.Stale},
		{"too late", asked, bob, digest, 10 * time.Minute, rapbot.Expired},
		{"decided", history(t, upTo(0)...), bob, digest, 0, rapbot.Settled},
		{"rejected", history(t, of(rapbot.RecAsked, rapbot.RecRejected)...), bob, digest, 0, rapbot.Settled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := rapbot.ErrorCode(rapbot.JudgeApproval(tt.o, tt.p, tt.digest, noon.Add(tt.at))); got != tt.want {
				t.Errorf("code %q, want %q", got, tt.want)
			}
		})
	}
}
