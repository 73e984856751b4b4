package alert_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/alert"
)

var lateStart = time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)

func atMinute(n int) time.Time { return lateStart.Add(time.Duration(n) * time.Minute) }

// said makes a delivery, received at a minute, of words such as "x firing 1" and
// "x resolved 1-3": an alert with its beginning and its end, in minutes.
func said(t *testing.T, at int, alerts ...string) alert.Delivery {
	t.Helper()
	d := alert.Delivery{ReceivedAt: atMinute(at), Receiver: "rapbot", Status: "resolved", GroupLabels: map[string]string{"alertname": "Lag"}}
	for _, words := range alerts {
		var a alert.Alert
		var from, to int
		if _, err := fmt.Sscanf(strings.ReplaceAll(words, "-", " "), "%s %s %d %d", &a.Fingerprint, &a.Status, &from, &to); err != nil && a.Status != "firing" {
			t.Fatal(words, err)
		}
		a.StartsAt = atMinute(from)
		if a.Status == "firing" {
			d.Status = "firing"
		} else {
			a.EndsAt = atMinute(to)
		}
		d.Alerts = append(d.Alerts, a)
	}
	return d
}

// TestLateDeliveries: what two Alertmanagers say of one group, in the order in
// which it arrives. After each delivery stands how the group is.
func TestLateDeliveries(t *testing.T) {
	for name, c := range map[string][]struct {
		at     int
		alerts string
		want   string
	}{
		"the twin's firing is late": {
			{1, "x firing 1", "firing x"},
			{3, "x resolved 1-3", "resolved"},
			{4, "x firing 1", "resolved, held"},
			{5, "x resolved 1-3", "resolved"},
		},
		"the firing of an earlier time is late": {
			{1, "x firing 1", "firing x"},
			{3, "x resolved 1-3", "resolved"},
			{5, "x firing 5", "firing x"},
			{7, "x resolved 5-7", "resolved"},
			{8, "x firing 1", "resolved, held"},
		},
		"the resolving of an earlier time is late": {
			{1, "x firing 1", "firing x"},
			{3, "x resolved 1-3", "resolved"},
			{5, "x firing 5", "firing x"},
			{6, "x resolved 1-3", "firing x"},
			{9, "x resolved 5-9", "resolved"},
		},
		"it fires again": {
			{1, "x firing 1", "firing x"},
			{3, "x resolved 1-3", "resolved"},
			{4, "x firing 4", "firing x"},
		},
		"one of two is late, in a group that fires": {
			{1, "x firing 1,y firing 1", "firing x y"},
			{3, "x firing 1,y resolved 1-3", "firing x"},
			{4, "x firing 1,y firing 1", "firing x, held"},
			{5, "x firing 1,y resolved 1-3", "firing x"},
		},
		"something new beside something late": {
			{1, "x firing 1", "firing x"},
			{3, "x resolved 1-3", "resolved"},
			{4, "x firing 1,y firing 4", "firing x y"},
		},
		"something that began anew beside something late": {
			{1, "x firing 1,y firing 1", "firing x y"},
			{3, "x firing 1,y resolved 1-3", "firing x"},
			{5, "x firing 4,y firing 1", "firing x y"},
		},
		"the one that is held is not forgotten for another late one": {
			{1, "x firing 1", "firing x"},
			{3, "x resolved 1-3", "resolved"},
			{4, "x firing 1", "resolved, held"},
			{5, "x firing 1", "resolved, held"},
		},
		"with the old beginning, but long after": {
			{1, "x firing 1", "firing x"},
			{3, "x resolved 1-3", "resolved"},
			{9, "x firing 1", "firing x"},
		},
		"the end was still to come when it was told": {
			{1, "x firing 1", "firing x"},
			{3, "x resolved 1-60", "resolved"},
			{5, "x firing 5", "firing x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var g alert.Group
			for _, step := range c {
				g = g.Absorb(said(t, step.at, strings.Split(step.alerts, ",")...))
				if have := stands(g); have != step.want {
					t.Fatalf("minute %d, %q: the group is %q, want %q", step.at, step.alerts, have, step.want)
				}
			}
		})
	}
}

func stands(g alert.Group) string {
	out := g.Latest.Status
	var fire []string
	for _, a := range g.Latest.Alerts {
		if a.Status == "firing" {
			fire = append(fire, a.Fingerprint)
		}
	}
	slices.Sort(fire)
	if len(fire) > 0 {
		out += " " + strings.Join(fire, " ")
	}
	if g.Held != nil {
		out += ", held"
	}
	return out
}

// TestFirstIsHeld: more of the same does not put off the time at which it counts.
func TestFirstIsHeld(t *testing.T) {
	g := alert.Group{}.Absorb(said(t, 1, "x firing 1")).Absorb(said(t, 3, "x resolved 1-3")).Absorb(said(t, 4, "x firing 1")).Absorb(said(t, 5, "x firing 1"))
	if g.Held == nil || !g.Held.ReceivedAt.Equal(atMinute(4)) {
		t.Errorf("held is %+v", g.Held)
	}
}

// TestUnopposed: a delivery that is held is believed when nobody takes it back,
// and not before.
func TestUnopposed(t *testing.T) {
	var g alert.Group
	if g.Due(atMinute(60)) {
		t.Error("nothing is held, and it is due")
	}
	g = g.Absorb(said(t, 1, "x firing 1")).Absorb(said(t, 3, "x resolved 1-3")).Absorb(said(t, 4, "x firing 1"))
	if g.Due(atMinute(4).Add(alert.DoubtFor - time.Second)) {
		t.Error("due too early")
	}
	now := atMinute(4).Add(alert.DoubtFor)
	if !g.Due(now) {
		t.Fatal("never due")
	}
	again := g.Unopposed(now)
	if again.Key == g.Held.Key || !again.ReceivedAt.Equal(now) {
		t.Errorf("not another delivery: %+v", again)
	}
	g = g.Absorb(again)
	if have := stands(g); have != "firing x" || g.Times != 2 || !g.WaitingSince().Equal(now) {
		t.Errorf("the group is %q, fired %d times, since %s", have, g.Times, g.WaitingSince())
	}
}

// TestWaitingSince is not moved by repeats, and by more only once somebody had
// acknowledged what there was.
func TestWaitingSince(t *testing.T) {
	g := alert.Group{}.Absorb(said(t, 1, "x firing 1")).Absorb(said(t, 9, "x firing 1"))
	if !g.WaitingSince().Equal(atMinute(1)) {
		t.Errorf("waits since %s", g.WaitingSince())
	}
	if joined := g.Absorb(said(t, 10, "x firing 1", "z firing 10")); !joined.WaitingSince().Equal(atMinute(1)) {
		t.Errorf("waits since %s: what goes on growing would never call anybody", joined.WaitingSince())
	}
	g.Acked = &alert.Ack{At: atMinute(10)}
	if g = g.Absorb(said(t, 11, "x firing 1")); !g.WaitingSince().Equal(atMinute(1)) {
		t.Errorf("waits since %s for more of what is acknowledged", g.WaitingSince())
	}
	if g = g.Absorb(said(t, 12, "x firing 1", "y firing 12")); !g.WaitingSince().Equal(atMinute(12)) {
		t.Errorf("waits since %s, though something joined what is acknowledged", g.WaitingSince())
	}
	if g = g.Absorb(said(t, 13, "x resolved 1-13", "y resolved 12-13")); !g.WaitingSince().Equal(atMinute(12)) {
		t.Errorf("waits since %s", g.WaitingSince())
	}
	g.Since = time.Time{}
	if !g.WaitingSince().Equal(g.FirstSeen) {
		t.Error("a group that an older rapbot kept has no beginning")
	}
}
