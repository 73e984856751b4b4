package cards_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/cards"
)

// TestLongNamesAreAllThere: a paragraph that a chat would cut in the middle
// would leave groups out.
func TestLongNamesAreAllThere(t *testing.T) {
	q := alert.Queue{}
	for n := range 45 {
		q.Groups = append(q.Groups, alert.GroupBrief{Name: strings.Repeat("<é>", 60) + fmt.Sprint(n, "."), Regions: strings.Repeat("r", 180), Alerts: 1})
	}
	seen := map[int]bool{}
	for page := 1; page <= 3; page++ {
		m := cards.Waiting(q, page)
		for _, b := range m.Blocks {
			p, is := b.(rapbot.Paragraph)
			if !is {
				continue
			}
			text := p.Text.Plain()
			if n := len([]rune(text)); n > 1500 {
				t.Errorf("a paragraph of %d runes", n)
			}
			for n := range q.Groups {
				if strings.Contains(text, fmt.Sprint("<é>", n, ".")) {
					seen[n] = true
				}
			}
		}
		if next := fmt.Sprintf("/rap waiting %d", page+1); strings.Contains(m.Plain(), next) != (page < 3) {
			t.Errorf("page %d: %s", page, m.Plain())
		}
	}
	if len(seen) != len(q.Groups) {
		t.Errorf("%d of %d groups are on the pages", len(seen), len(q.Groups))
	}
}

// TestStormEnds: nothing is left to press, and it is said in words how many
// groups got which.
func TestStormEnds(t *testing.T) {
	d := alert.Digest{Number: 1, Began: time.Unix(0, 0), Ended: time.Unix(60, 0), Groups: map[string]int{"a": 2, "b": 1, "c": 4}}
	for missed, want := range map[int]string{
		0: "All told: 3 groups on cards of their own, with 7 alerts.",
		1: "All told: 2 groups on cards of their own; 1 resolved before that and listed above.",
		2: "All told: 1 group on a card of its own; 2 resolved before that and listed above.",
		3: "All told: 3 groups resolved before there was a card.",
	} {
		d.Missed = make([]alert.GroupBrief, missed)
		if got := cards.StormOver(d); got != want {
			t.Errorf("%d missed: %q, want %q", missed, got, want)
		}
		for _, b := range cards.Storm(d, nil).Blocks {
			if _, is := b.(rapbot.Buttons); is {
				t.Errorf("%d missed: a button on what has ended", missed)
			}
		}
	}
}
