package clusters

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/wait"
)

// TestArgoCD is the fleet with its application kept by Argo CD: filled from
// nothing, brought to a version by a rapbot that is killed on the way, put back from
// one that never becomes ready, led to another primary, and taken back to a version
// from before that. Afterwards the ApplicationSet, Argo CD and the clusters say the
// same.
func TestArgoCD(t *testing.T) {
	s := openWith(t, Options{ArgoCD: true}, quick)
	s.does("/rap deploy v1 --all", "Deploy everything at v1", "Approve Deploy", "Deployed everything at v1")
	s.inStep("v1", "us-east-1")
	s.tells("/rap status --now", "application v1, 2 of 2 ready", "Argo CD: Synced, Healthy", "2 of 2 replicas streaming")

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	card, err := s.Ask(ctx, "/rap deploy v2", "Deploy v2 to")
	if err == nil {
		err = s.Click("bob", card, "Approve Deploy")
	}
	if err == nil {
		err = wait.Until(ctx, 50*time.Millisecond, func() bool {
			e, err := s.fleet.elements(ctx)
			return err == nil && e["us-west-2"] == "v2 replica "+s.fleet.Host("us-east-1")
		})
	}
	if err == nil {
		err = s.KillBot()
	}
	if err == nil {
		err = s.StartBot(ctx)
	}
	if err == nil {
		_, err = s.AwaitTitle(ctx, card, "Deployed v2 to")
	}
	if err != nil {
		t.Fatal(err)
	}
	s.inStep("v2", "us-east-1")

	s.does("/rap deploy v3-imagepull", "Deploy v3-imagepull to", "Approve Deploy", "Deploy of v3-imagepull")
	s.inStep("v2", "us-east-1")

	before := s.acknowledged()
	s.does("/rap failover us-west-2", "Switch over to us-west-2", "Approve Switchover", "Switched over to us-west-2")
	s.inStep("v2", "us-west-2")
	s.agreeOn("us-west-2")
	s.writesGoOn(before)

	s.does("/rap rollback", "Roll back", "Approve Rollback", "Rolled back")
	s.inStep("v1", "us-west-2")
	s.agreeOn("us-west-2")
	s.writesGoOn(s.acknowledged())
	s.nothingIsLost("us-west-2")
}

// inStep waits until the elements are as they should be and Argo CD is content.
func (s *stage) inStep(version, primary string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	var said string
	err := wait.Until(ctx, 200*time.Millisecond, func() bool {
		elements, err := s.fleet.elements(ctx)
		if err != nil {
			said = err.Error()
			return false
		}
		applications, err := s.fleet.applications(ctx)
		if said = fmt.Sprint(elements, applications, err); err != nil {
			return false
		}
		for _, r := range s.fleet.Regions() {
			zone := "replica"
			if r.Name == primary {
				zone = "primary"
			}
			if elements[r.Name] != version+" "+zone+" "+s.fleet.Host(primary) || applications[r.Name] != "Synced Healthy" {
				return false
			}
		}
		return true
	})
	if err != nil {
		s.Fatalf("with %s and %s as the primary: %s", version, primary, said)
	}
	s.Logf("in step: %s", said)
}
