package clusters

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// TestFrozenAPIServer freezes the API server of one region: the others are told
// and changed as always, and nothing hangs.
func TestFrozenAPIServer(t *testing.T) {
	s := open(t)
	s.does("/rap deploy v1 --all", "Deploy everything at v1", "Approve Deploy", "Deployed everything at v1")
	frozen := s.fleet.Region("eu-west-1")
	if err := frozen.Freeze(); err != nil {
		t.Fatal(err)
	}
	s.tells("/rap status --now", "application v1, 2 of 2 ready", "its Kubernetes gives no answer", "2 of 2 replicas streaming")
	s.tells("/rap deploy v2", "cannot run now", "Kubernetes of eu-west-1", "Leave the region out")
	s.does("/rap deploy v2 us-west-2 us-east-1", "Deploy v2 to us-west-2 and us-east-1", "Approve Deploy", "Deployed v2 to us-west-2 and us-east-1")
	// A change of primary waits for nobody's API server either: what could not be noted there is left to mend.
	card := s.does("/rap failover us-west-2", "Switch over to us-west-2", "Approve Switchover", "Switched over to us-west-2")
	if !strings.Contains(card.Text, "left to mend") || !strings.Contains(card.Text, "eu-west-1") {
		t.Errorf("it is not said what is left:\n%s", card.Text)
	}
	if err := frozen.Thaw(); err != nil {
		t.Fatal(err)
	}
	s.tells("/rap status --now", "us-west-2 is primary, 2 of 2 replicas streaming", "v2 in", "v1 in eu-west-1")
}

// TestKilledInTheMiddle kills rapbot in the middle of Helm's upgrades: a new one
// goes on, no release is left pending.
func TestKilledInTheMiddle(t *testing.T) {
	s := open(t)
	s.does("/rap deploy v1 --all", "Deploy everything at v1", "Approve Deploy", "Deployed everything at v1")
	for i, wait := range []time.Duration{50 * time.Millisecond, 150 * time.Millisecond, 300 * time.Millisecond, 600 * time.Millisecond, time.Second} {
		version := []string{"v2", "v3"}[i%2]
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		card, err := s.Ask(ctx, "/rap deploy "+version, "Deploy "+version+" to")
		if err == nil {
			err = s.Click("bob", card, "Approve Deploy")
		}
		if err == nil { // a click that was not heard is pressed again, and proves nothing here
			_, err = s.See(ctx, "alice", drive.Operations, card.TS, "it starts now")
		}
		if err == nil {
			time.Sleep(wait)
			err = s.KillBot()
		}
		if err == nil {
			err = s.StartBot(ctx)
		}
		if err == nil {
			card, err = s.AwaitTitle(ctx, card, "Deployed "+version)
		}
		cancel()
		if err != nil {
			t.Fatalf("killed after %s: %v", wait, err)
		}
		t.Logf("killed after %s: %s", wait, strings.Split(card.Text, "\n")[0])
		s.noneIsPending()
	}
}

// noneIsPending looks that Helm believes of no release that somebody is at it.
func (s *stage) noneIsPending() {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	var pending string
	if err := wait.Until(ctx, time.Second, func() bool { pending = s.fleet.pending(ctx); return pending == "" }); err != nil {
		s.Errorf("left pending: %s", pending)
	}
}
