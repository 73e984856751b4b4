package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// TestJudge sees what went wrong: a judge that finds nothing proves nothing.
func TestJudge(t *testing.T) {
	t.Parallel()
	begun := time.Unix(1000, 0)
	s := storm{groups: []group{
		{name: "Storm0000", severity: "critical", alerts: 2},
		{name: "Storm0001", severity: "warning", alerts: 1, resolves: 10 * time.Second},
		{name: "Storm0002", severity: "warning", alerts: 1, resolves: 10 * time.Second},
	}, pushes: []push{{time.Second, 0, 0}}}
	say := func(ts, thread, key, text string) workspace.Message {
		return workspace.Message{Bot: true, TS: ts, ThreadTS: thread, Text: text, Metadata: fmt.Appendf(nil, `{"event_type":"rapbot","event_payload":{"key":%q}}`, key)}
	}
	good := []workspace.Message{
		say("1001.5", "", "alerts-digest-C-1", "4 alerts in 3 groups, worst: critical — Storm0000"),
		say("1002.5", "", "k0", "Firing: Storm0000 (2 alerts) — critical"),
		say("1003.5", "", "k1", "Resolved: Storm0001 (1 alert) after 9 s"),
		say("1012", "1003.5", "k1-resolved", "Resolved: Storm0001 (1 alert) after 9 s."),
	}
	listed := map[string]bool{"Storm0002": true}
	for name, tt := range map[string]struct {
		messages []workspace.Message
		listed   map[string]bool
		want     string
	}{
		"as it should be":        {good, listed, ""},
		"a group is lost":        {append(good[:1:1], good[2:]...), listed, "1 groups lost (Storm0000)"},
		"a group is not listed":  {good, nil, "1 groups lost (Storm0002)"},
		"a card is twice":        {append(good[:4:4], say("1013", "", "k0b", "Firing: Storm0000 (2 alerts) — critical")), listed, "1 said twice (Storm0000)"},
		"a reply is twice":       {append(good[:4:4], good[3]), listed, "1 said twice (k1-resolved)"},
		"an alert is left out":   {append([]workspace.Message{say("1002.5", "", "k0", "Firing: Storm0000 (1 alert)")}, good[2:]...), listed, "1 cards that do not say how it ended (Storm0000)"},
		"nobody hears it is out": {good[:3], listed, "1 groups that resolved and nobody was told (Storm0001)"},
	} {
		if got := judgeOurs(s, begun, tt.messages, tt.listed).broken(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	o := judgeOurs(s, begun, good, listed)
	if o.firstCritical != 1500*time.Millisecond || o.digests != 1 || o.announced != 2 || o.listed != 1 {
		t.Errorf("%+v", o)
	}
	peer := judgePeer(s, begun, []workspace.Message{{Bot: true, TS: "1004", Attachments: []byte(`[{"title":"[FIRING:1] Storm0001 (warning)"}]`)}})
	if got := peer.broken(); !strings.Contains(got, "2 groups lost") || !strings.Contains(got, "1 groups that resolved and nobody was told") {
		t.Errorf("of Alertmanager: %q", got)
	}
}
