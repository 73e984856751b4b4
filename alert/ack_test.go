package alert_test

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

func delivered(status string, at time.Time, fired ...string) alert.Delivery {
	d := alert.Delivery{Receiver: "rapbot", Status: status, ReceivedAt: at}
	for _, f := range fired {
		d.Alerts = append(d.Alerts, alert.Alert{Status: "firing", Fingerprint: f})
	}
	return d
}

// TestAckEnds: an acknowledgement holds for what was acknowledged, through
// repeats, until that is over or something else fires beside it.
func TestAckEnds(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	over := delivered("resolved", noon)
	over.Alerts = []alert.Alert{{Status: "resolved", Fingerprint: "a"}, {Status: "resolved", Fingerprint: "b"}}
	part := delivered("firing", noon, "a")
	part.Alerts = append(part.Alerts, alert.Alert{Status: "resolved", Fingerprint: "b"})
	for name, tt := range map[string]struct {
		next          alert.Delivery
		acked, repeat bool
	}{
		"the same again":      {delivered("firing", noon, "a", "b"), true, true},
		"less of it":          {delivered("firing", noon, "a"), true, true},
		"a part has resolved": {part, true, false},
		"something new":       {delivered("firing", noon, "a", "b", "c"), false, false},
		"all has resolved":    {over, false, false},
	} {
		g := alert.Group{}.Absorb(delivered("firing", noon.Add(-time.Hour), "a", "b"))
		g.Acked = &alert.Ack{By: rapbot.Person{ID: "U1"}, At: noon}
		g.Silenced = &alert.Silence{ID: "s1", EndsAt: noon.Add(time.Hour)}
		if got := g.Repeats(tt.next); got != tt.repeat {
			t.Errorf("%s: a repeat: %t", name, got)
		}
		next := g.Absorb(tt.next)
		if (next.Acked != nil) != tt.acked {
			t.Errorf("%s: acknowledged: %t", name, next.Acked != nil)
		}
		if (next.Silenced != nil) != (tt.next.Status == "firing") {
			t.Errorf("%s: silenced: %t", name, next.Silenced != nil)
		}
	}
	g := alert.Group{}.Absorb(delivered("firing", noon, "a"))
	g.Silenced = &alert.Silence{ID: "s1", EndsAt: noon.Add(time.Hour)}
	if g.Absorb(delivered("firing", noon.Add(time.Hour), "a")).Silenced != nil {
		t.Error("a silence that has ended is kept")
	}
	// What resolved and fires again is new.
	g = alert.Group{}.Absorb(delivered("firing", noon, "a", "b")).Absorb(part)
	g.Acked = &alert.Ack{}
	again := delivered("firing", noon.Add(20*time.Minute), "a", "b")
	again.Alerts[1].StartsAt = noon.Add(15 * time.Minute)
	if g.Absorb(again).Acked != nil {
		t.Error("an alert that fires again is not new")
	}
}

func TestWhoMayAcknowledge(t *testing.T) {
	g := alert.Group{}.Absorb(delivered("firing", time.Now(), "a"))
	alice := rapbot.Person{ID: "U1", Name: "alice"}
	for want, tt := range map[rapbot.Code]struct {
		g alert.Group
		p rapbot.Person
	}{
		"":               {g, alice},
		rapbot.Forbidden: {g, rapbot.Person{ID: "U2", Guest: true}},
		rapbot.Settled:   {g.Absorb(delivered("resolved", time.Now())), alice},
	} {
		if got := rapbot.ErrorCode(alert.JudgeAck(tt.g, tt.p)); got != want {
			t.Errorf("code %q, want %q", got, want)
		}
	}
	g.Acked = &alert.Ack{By: alice}
	if got := rapbot.ErrorCode(alert.JudgeAck(g, alice)); got != rapbot.Settled {
		t.Errorf("twice: code %q", got)
	}
}
