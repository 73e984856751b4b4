package kubernetes_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/rap-analyzer/rapbot"
	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
)

func (s *server) expectWitness(says rapbot.Life, sees string) *rapbot.Witness {
	s.Helper()
	w := s.fleet.Witness(s.Context(), west)
	if w == nil || w.Name != "its cluster" || w.Says != says || !strings.Contains(w.Sees, sees) {
		s.Errorf("%+v, want %s and %q", w, says, sees)
	}
	return w
}

func TestWitness(t *testing.T) {
	room := lab.FreshForTest(t, "us-east-1", west)
	s := serverIn(t, room, serves)
	if w := s.fleet.Witness(t.Context(), "mars"); w != nil {
		t.Errorf("%+v", w)
	}
	if w := s.expectWitness(rapbot.Alive, "postgresql-primary-0 is ready on "+s.hand.name); time.Since(w.At) > time.Minute {
		t.Errorf("last alive at %s", w.At)
	}
	pod := &s.pods()[0]
	s.hand.patch(pod, status(pod, corev1.PodRunning, corev1.ConditionFalse, `{"running":{}}`))
	if w := s.expectWitness(rapbot.Dark, "runs on "+s.hand.name+" and is not ready since "); w.At.IsZero() {
		t.Error("when it was last alive is not said")
	}
	s.hand.patch(pod, status(pod, corev1.PodRunning, corev1.ConditionFalse, `{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 10s"}}`))
	s.expectWitness(rapbot.Dead, "postgresql-primary-0 does not run: CrashLoopBackOff: back-off 10s")

	// The word of a kubelet that is silent is history.
	s.hand.setReady(corev1.ConditionUnknown, 0)
	if w := s.expectWitness(rapbot.Dark, "its node "+s.hand.name+" is not ready since "); w.At.IsZero() {
		t.Error("when it was last alive is not said")
	}
	s.hand.patch(pod, status(pod, corev1.PodRunning, corev1.ConditionTrue, `{"running":{}}`))
	s.expectWitness(rapbot.Dark, "is not ready since ")
	s.hand.setReady(corev1.ConditionTrue, 0)
	s.expectWitness(rapbot.Alive, "is ready")

	s.runs()
	s.shows(west, "the memory has it", func(c rapbot.Cluster) bool { return c.Database.Ready == 1 })
	must(t, room.Region(west).Freeze())
	if w := s.expectWitness(rapbot.Dark, "its API server gives no answer: no answer within 2 s; "); !strings.Contains(w.Sees, "before it said that 1 of 1 pods of PostgreSQL were ready") || w.At.IsZero() {
		t.Errorf("%+v", w)
	}
	must(t, room.Region(west).Thaw())
	eventually(t, "it answers", func() bool { return s.fleet.Witness(t.Context(), west).Says == rapbot.Alive })
	must(t, s.instance.Stop(t.Context()))
	s.expectWitness(rapbot.Dead, "no pod of PostgreSQL is there, and none is asked for")
}
