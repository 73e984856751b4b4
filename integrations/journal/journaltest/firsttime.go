package journaltest

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/alert"
)

var firstTimePromises = []promise[alert.Inbox]{
	{"FirstTime/once for every key", onceForEveryKey},
	{"FirstTime/of many at once exactly one is the first", oneIsFirst},
	{"FirstTime/keys are kept for a day", keptForADay},
}

func onceForEveryKey(t *testing.T, j alert.Inbox) {
	for _, key := range []string{"Ev1", "Ev2", "", "\x00", "ev1"} {
		for i := range 3 {
			got := must[bool](t)(j.FirstTime(t.Context(), key, noon))
			if want := i == 0; got != want {
				t.Errorf("key %q, call %d: first time is %t", key, i+1, got)
			}
		}
	}
}

func oneIsFirst(t *testing.T, j alert.Inbox) {
	first := make([]bool, rivals)
	for _, err := range together(rivals, func(i int) (err error) {
		first[i], err = j.FirstTime(t.Context(), "Ev1", noon)
		return err
	}) {
		succeed(t, err)
	}
	count := 0
	for _, f := range first {
		if f {
			count++
		}
	}
	same(t, count, 1)
}

func keptForADay(t *testing.T, j alert.Inbox) {
	day := 24 * time.Hour
	for _, step := range []struct {
		at   time.Duration
		want bool
	}{
		{0, true},
		{-time.Hour, false}, // a clock that went back
		{day - time.Nanosecond, false},
		{day, true},
		{2*day - time.Nanosecond, false},
		{9 * day, true},
	} {
		if got := must[bool](t)(j.FirstTime(t.Context(), "Ev1", noon.Add(step.at))); got != step.want {
			t.Errorf("after %s: first time is %t", step.at, got)
		}
	}
}
