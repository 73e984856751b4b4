package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// startsByHand starts a server as somebody does who knows nothing of rapbot:
// as it was, through its boot gate. rapbot may be stopping it meanwhile.
func (s *stage) startsByHand(server *regions.Server) {
	s.Helper()
	if err := server.Start(s.within(time.Minute)); err != nil {
		s.Logf("start %s by hand: %v", server.Name, err)
	}
}

// isHeld waits until the boot gate holds a server, which says why.
func (s *stage) isHeld(server *regions.Server) {
	s.Helper()
	if wait.Until(s.within(20*time.Second), 20*time.Millisecond, func() bool { return server.State() == regions.Held }) != nil {
		s.Fatalf("%s is not held by its boot gate: it is %s, %q", server.Name, server.State(), server.GateState())
	}
	s.Logf("%s is %s", server.Name, server.GateState())
}

// cardOf is the card that a thread hangs on.
func (s *stage) cardOf(thread string) workspace.Message {
	s.Helper()
	messages, err := s.Slack.As("bob").Messages("rap-ops")
	s.must(err)
	i := slices.IndexFunc(messages, func(m workspace.Message) bool { return m.TS == thread })
	if i < 0 {
		s.Fatalf("message %s is gone", thread)
	}
	return messages[i]
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// report prints all emergencies, and medians and maxima for each way in which
// a primary was lost.
func report(t *testing.T, all []emergency) {
	t.Helper()
	var b strings.Builder
	for i, e := range all {
		fmt.Fprintf(&b, "%2d %s\n", i+1, e)
	}
	for _, how := range []string{killed, outOfReach, dark} {
		var toWrite, gap []time.Duration
		rows, bytes := 0, int64(0)
		for _, e := range all {
			if e.how == how {
				toWrite, gap = append(toWrite, e.toWrite), append(gap, e.gap)
				rows, bytes = max(rows, e.lost), max(bytes, e.bytes())
			}
		}
		if len(gap) > 0 {
			fmt.Fprintf(&b, "%-16s %2d times: approval to first write %s; write gap %s; at most %d rows and %d bytes lost\n", how, len(gap), spread(toWrite), spread(gap), rows, bytes)
		}
	}
	t.Logf("what was stated held in each of %d emergencies:\n%s", len(all), b.String())
}

func spread(all []time.Duration) string {
	slices.Sort(all)
	return fmt.Sprintf("median %d ms, max %d ms", all[len(all)/2].Milliseconds(), all[len(all)-1].Milliseconds())
}
