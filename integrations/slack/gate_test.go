package slack

import (
	"errors"
	"testing"
	"time"

	sdk "github.com/slack-go/slack"
)

// TestBreaker: the pause grows while links do not last, to half a minute and
// no further, and is gone once one has lasted.
func TestBreaker(t *testing.T) {
	t.Parallel()
	g, lost := newGate(), errors.New("lost")
	longest := time.Duration(0)
	for range 100 {
		pause := g.lost(time.Second, lost)
		if pause <= 0 || pause > openPause {
			t.Errorf("a pause of %v", pause)
		}
		longest = max(longest, pause)
	}
	if longest < openPause/2 {
		t.Errorf("a hundred failures in a row, and the longest pause is %v", longest)
	}
	g.lasted()
	if pause := g.lost(0, lost); pause > time.Second {
		t.Errorf("the first failure after a good link: %v", pause)
	}
	if pause := g.lost(steady, lost); pause != 0 {
		t.Errorf("a good link that ended: %v", pause)
	}
	if pause := g.lost(0, &sdk.RateLimitedError{RetryAfter: time.Minute}); pause < time.Minute {
		t.Errorf("Slack asked for a minute and gets %v", pause)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	s := newSeen(3)
	for _, key := range []string{"a", "b", "c", "d"} {
		if !s.fresh(key) {
			t.Errorf("%s is not new", key)
		}
	}
	if s.fresh("d") || !s.fresh("a") || len(s.have) > 3 {
		t.Errorf("remembers %v", s.have)
	}
	p := newPacer()
	for i := range 3 * keptTurns {
		p.turn("chat.postMessage", string(rune(i)))
	}
	if n := len(p.turns); n > keptTurns {
		t.Errorf("remembers %d channels", n)
	}
}
