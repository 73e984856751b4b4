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

// TestAdvice: the best replica, and nothing where there is none to name.
func TestAdvice(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	server := func(name string, recovery bool, have, replay rapbot.LSN) rapbot.Sighting {
		s := rapbot.Sighting{Region: name, At: now, Answered: true, LastAnswer: now}
		s.Server = rapbot.Server{SystemID: "7", InRecovery: recovery, Timeline: 1, Flush: have, Have: have, Replay: replay}
		if recovery {
			s.Server.Receiver = &rapbot.Receiver{Status: "streaming", Timeline: 1}
		}
		return s
	}
	dark := func(s rapbot.Sighting) rapbot.Sighting { s.Answered = false; return s }
	mute := func(s rapbot.Sighting) rapbot.Sighting { s.Server.Receiver = nil; return s }
	p, a, b := server("p", false, 100, 100), server("a", true, 90, 40), server("b", true, 80, 80)
	for name, tt := range map[string]struct {
		seen []rapbot.Sighting
		want rapbot.Wish
		ok   bool
	}{
		"within the limits, not the least behind": {[]rapbot.Sighting{p, server("a", true, 90, 60), b}, rapbot.Wish{Kind: rapbot.Switchover, Region: "a"}, true},
		"within the limits":                       {[]rapbot.Sighting{p, a, b}, rapbot.Wish{Kind: rapbot.Switchover, Region: "b"}, true},
		"not complained about":                    {[]rapbot.Sighting{p, server("c", true, 100, 100), b}, rapbot.Wish{Kind: rapbot.Switchover, Region: "b"}, true},
		"complained about and within the limits":  {[]rapbot.Sighting{p, server("c", true, 100, 100), a}, rapbot.Wish{Kind: rapbot.Switchover, Region: "c"}, true},
		"none within the limits":                  {[]rapbot.Sighting{p, server("b", true, 90, 30), a}, rapbot.Wish{Kind: rapbot.Switchover, Region: "a"}, true},
		"one that streams":                        {[]rapbot.Sighting{p, a, mute(b)}, rapbot.Wish{Kind: rapbot.Switchover, Region: "a"}, true},
		"none streams":                            {[]rapbot.Sighting{p, mute(a), dark(b)}, rapbot.Wish{}, false},
		"lost: the most of its log":               {[]rapbot.Sighting{dark(p), a, b}, rapbot.Wish{Kind: rapbot.Failover, Region: "a"}, true},
		"lost, one is left":                       {[]rapbot.Sighting{dark(p), dark(a), b}, rapbot.Wish{Kind: rapbot.Failover, Region: "b"}, true},
		"all is dark":                             {[]rapbot.Sighting{dark(p), dark(a), dark(b)}, rapbot.Wish{}, false},
		"two primaries":                           {[]rapbot.Sighting{p, server("a", false, 1, 1), b}, rapbot.Wish{}, false},
		"nobody is missing":                       {[]rapbot.Sighting{a, b}, rapbot.Wish{}, false},
	} {
		got, ok := rapbot.Advise(rapbot.Assess(tt.seen, now), rapbot.Limits{MaxLag: time.Minute, MaxLagBytes: 50}, []string{"c"}, "")
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: %+v, %t", name, got, ok)
		}
	}
}
