package rapbot_test

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

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
