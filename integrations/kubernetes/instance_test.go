package kubernetes_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/kubernetes"
	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
)

type podList = corev1.PodList

// server is a region's PostgreSQL on a node of the test's, with what the fleet
// has told it of its role.
type server struct {
	*world
	hand     *hand
	instance *kubernetes.Instance
	roles    []string // each with how many pods there were and were asked for
}

func newServer(t *testing.T, process func(*container) int) *server {
	t.Helper()
	return serverIn(t, lab.ForTest(t), process)
}

func serverIn(t *testing.T, room *lab.Room, process func(*container) int) *server {
	t.Helper()
	s := &server{}
	s.world = newWorld(t, room, func(c *kubernetes.RegionConfig) {
		c.SetRole = func(_ context.Context, role rapbot.Role) error {
			set := s.now()
			s.roles = append(s.roles, fmt.Sprintf("%s %d/%d", role, len(s.pods()), *set.Spec.Replicas))
			return nil
		}
		c.StopTimeout, c.StartTimeout = time.Minute, time.Minute
	})
	s.hand = newHand(t, room, west, process)
	s.world.set(west, "postgresql-primary", "postgresql:15", s.hand.name)
	s.instance = made[*kubernetes.Instance](t)(s.fleet.Instance(west))
	eventually(t, "the server runs", func() bool { return len(s.pods()) == 1 && ready(&s.pods()[0]) })
	return s
}

func ready(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func (s *server) now() *appsv1.StatefulSet {
	return made[*appsv1.StatefulSet](s)(s.room.Region(west).Client.AppsV1().StatefulSets(s.room.Namespace).Get(s.Context(), "postgresql-primary", metav1.GetOptions{}))
}

func (s *server) pods() []corev1.Pod {
	return made[*podList](s)(s.room.Region(west).Client.CoreV1().Pods(s.room.Namespace).List(s.Context(), metav1.ListOptions{LabelSelector: "app=postgresql"})).Items
}

func (s *server) patch(text string) {
	s.Helper()
	_, err := s.room.Region(west).Client.AppsV1().StatefulSets(s.room.Namespace).Patch(s.Context(), "postgresql-primary", types.StrategicMergePatchType, []byte(text), metav1.PatchOptions{})
	must(s.T, err)
}

func (s *server) expectRunning(want bool) {
	s.Helper()
	running, err := s.instance.Running(s.Context())
	if err != nil || running != want {
		s.Errorf("running: %t, %v, want %t", running, err, want)
	}
}

func TestStopAndStart(t *testing.T) {
	s := newServer(t, serves)
	s.expectRunning(true)
	must(t, s.instance.Stop(t.Context()))
	if n := len(s.pods()); n != 0 || *s.now().Spec.Replicas != 0 {
		t.Errorf("stopped, with %d pods", n)
	}
	s.expectRunning(false)
	must(t, s.instance.Stop(t.Context())) // again
	must(t, s.instance.StartReplica(t.Context()))
	s.expectRunning(true)
	must(t, s.instance.StartReplica(t.Context())) // again
	must(t, s.instance.Stop(t.Context()))
	must(t, s.instance.StartPrimary(t.Context()))
	if got := strings.Join(s.roles, ", "); got != "replica 0/0, replica 1/1, primary 0/0" {
		t.Errorf("the role was told when there were: %s", got)
	}
}

// A server that takes its time counts as running until its kubelet has taken
// the pod away, whatever its state says; and it is given the time it was promised.
func TestTerminatingIsRunning(t *testing.T) {
	leave := make(chan struct{})
	s := newServer(t, func(c *container) int { <-c.Stop; <-leave; return 0 })
	defer func() {
		select {
		case <-leave:
		default:
			close(leave)
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- s.instance.Stop(ctx) }()
	eventually(t, "the pod is being deleted", func() bool { return s.pods()[0].DeletionTimestamp != nil })
	if grace := *s.pods()[0].DeletionGracePeriodSeconds; grace != 120 {
		t.Errorf("it has %d s to shut down", grace)
	}
	s.expectRunning(true)
	cancel()
	expectError(t, <-stopped, rapbot.Unavailable, "postgresql-primary-0 is running on "+s.hand.name+", being deleted until ")
	s.expectRunning(true)
	close(leave)
	must(t, s.instance.Stop(t.Context()))
	s.expectRunning(false)
}

// A pod that nobody controls any more, under the name of one of PostgreSQL's,
// is one of PostgreSQL's.
func TestOrphanIsRunning(t *testing.T) {
	s := newServer(t, serves)
	orphan := metav1.DeletePropagationOrphan
	must(t, s.room.Region(west).Client.AppsV1().StatefulSets(s.room.Namespace).Delete(t.Context(), "postgresql-primary", metav1.DeleteOptions{PropagationPolicy: &orphan}))
	eventually(t, "the StatefulSet is gone", func() bool {
		_, err := s.room.Region(west).Client.AppsV1().StatefulSets(s.room.Namespace).Get(t.Context(), "postgresql-primary", metav1.GetOptions{})
		return err != nil
	})
	s.expectRunning(true)
	must(t, s.room.Region(west).Client.CoreV1().Pods(s.room.Namespace).Delete(t.Context(), "postgresql-primary-0", metav1.DeleteOptions{}))
	eventually(t, "the pod is gone", func() bool { return len(s.pods()) == 0 })
	_, err := s.instance.Running(t.Context())
	expectError(t, err, rapbot.Unavailable, "there is no StatefulSet")
	expectError(t, s.instance.StartReplica(t.Context()), rapbot.NotFound, "There is no StatefulSet")
}

// What a dark API server said last is no word about a server that runs or not.
func TestDarkIsNotStopped(t *testing.T) {
	room := lab.FreshForTest(t, "us-east-1", west)
	s := serverIn(t, room, serves)
	must(t, s.instance.Stop(t.Context()))
	must(t, room.Region(west).Freeze())
	_, err := s.instance.Running(t.Context())
	expectError(t, err, rapbot.Unavailable, "no answer within 2 s")
	expectError(t, s.instance.Stop(t.Context()), rapbot.Unavailable, "cannot be told")
	expectError(t, s.instance.StartPrimary(t.Context()), rapbot.Unavailable, "no answer within 2 s")
	if len(s.roles) != 0 {
		t.Errorf("it was told a role: %v", s.roles)
	}
	must(t, room.Region(west).Thaw())
	eventually(t, "it can be told again", func() bool {
		running, err := s.instance.Running(t.Context())
		return err == nil && !running
	})
}

// A StatefulSet does not replace a pod that never became ready by one that
// would. Nothing but that is deleted.
func TestStuckPodIsReplaced(t *testing.T) {
	s := newServer(t, serves)
	must(t, s.instance.Stop(t.Context()))
	image := func(tag string) string {
		return fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"postgresql","image":"postgresql:%s"}]}}}}`, tag)
	}
	s.patch(image("16-imagepull"))
	var stuck types.UID
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		expectError(t, s.instance.StartPrimary(ctx), rapbot.Unavailable, "ImagePullBackOff")
		if stuck != "" && s.pods()[0].UID != stuck {
			t.Error("a pod of the newest revision was replaced by another one that cannot start")
		}
		stuck = s.pods()[0].UID
	}
	s.patch(image("15"))
	must(t, s.instance.StartPrimary(t.Context()))
	if p := s.pods()[0]; p.UID == stuck || p.Spec.Containers[0].Image != "postgresql:15" {
		t.Errorf("the stuck pod is still there: %s", p.Spec.Containers[0].Image)
	}
}

// Whoever scales the StatefulSet up behind rapbot's back is named, and not fought.
func TestStopThatIsTakenBack(t *testing.T) {
	leave := make(chan struct{})
	s := newServer(t, func(c *container) int { <-c.Stop; <-leave; return 0 })
	defer close(leave)
	stopped := make(chan error, 1)
	go func() { stopped <- s.instance.Stop(t.Context()) }()
	eventually(t, "the pod is being deleted", func() bool { return s.pods()[0].DeletionTimestamp != nil })
	s.patch(`{"spec":{"replicas":1}}`)
	expectError(t, <-stopped, rapbot.Conflict, "something has asked for its pod again")
}

// A role that could not be written down starts nothing.
func TestStartWithoutRole(t *testing.T) {
	s := newServer(t, serves)
	must(t, s.instance.Stop(t.Context()))
	s.configs[1].SetRole = func(context.Context, rapbot.Role) error { return errors.New("helm is at it") }
	i := made[*kubernetes.Instance](t)(s.reopen().Instance(west))
	if err := i.StartPrimary(t.Context()); err == nil || !strings.Contains(err.Error(), "helm is at it") {
		t.Errorf("got %v", err)
	}
	s.configs[1].SetRole = nil
	expectError(t, made[*kubernetes.Instance](t)(s.reopen().Instance(west)).StartPrimary(t.Context()), rapbot.Invalid, "is told its role")
	s.expectRunning(false)
}

// Two processes at the same data is what must not be: a Job that is at them
// keeps the server from being started.
func TestStartWaitsForVolume(t *testing.T) {
	s := newServer(t, serves)
	must(t, s.instance.Stop(t.Context()))
	jobs := s.room.Region(west).Client.BatchV1().Jobs(s.room.Namespace)
	made[*batchv1.Job](t)(jobs.Create(t.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "at-it", Labels: map[string]string{"app.kubernetes.io/managed-by": "rapbot", "rapbot/volume-of": "postgresql-primary"}},
		Spec:       batchv1.JobSpec{Suspend: new(true), Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "c", Image: "postgresql:15"}}}}},
	}, metav1.CreateOptions{}))
	expectError(t, s.instance.StartReplica(t.Context()), rapbot.Precondition, "The Job at-it is at the data of PostgreSQL in us-west-2. Nothing was changed.")
	if len(s.roles) != 0 {
		t.Errorf("it was told a role: %v", s.roles)
	}
	s.expectRunning(false)
}

// A pod deleted by force while its container ran may run on: it is not stopped
// until its machine is known to be gone, or to have been alive for long enough
// since.
func TestDeletedByForceIsNotStopped(t *testing.T) {
	leave := make(chan struct{})
	s := newServer(t, func(c *container) int { <-c.Stop; <-leave; return 0 })
	defer close(leave)
	s.runs()
	s.shows(west, "it runs", func(c rapbot.Cluster) bool { return c.Database.Ready == 1 })
	must(t, s.fleet.Scale(t.Context(), west, rapbot.Database, 0))
	eventually(t, "the pod is being deleted", func() bool { return s.pods()[0].DeletionTimestamp != nil })
	p := &s.pods()[0]
	s.hand.patch(p, status(p, corev1.PodRunning, corev1.ConditionFalse, `{"running":{}}`)) // as its node is dark
	must(t, s.room.Region(west).Client.CoreV1().Pods(p.Namespace).Delete(t.Context(), p.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)}))
	eventually(t, "its object is gone", func() bool { return len(s.pods()) == 0 })
	s.shows(west, "the memory knows", func(c rapbot.Cluster) bool { return c.Database.Pods == 0 })
	_, err := s.instance.Running(t.Context())
	expectError(t, err, rapbot.Unavailable, "was deleted by force at ")
	expectError(t, s.instance.StartPrimary(t.Context()), rapbot.Unavailable, "was deleted by force at ")
	if witness := s.fleet.Witness(t.Context(), west); witness.Says != rapbot.Dark || !strings.Contains(witness.Sees, "was deleted by force") {
		t.Errorf("%+v", witness)
	}
	must(t, s.room.Region(west).Client.CoreV1().Nodes().Delete(t.Context(), s.hand.name, metav1.DeleteOptions{}))
	eventually(t, "its machine is gone", func() bool {
		running, err := s.instance.Running(t.Context())
		return err == nil && !running
	})
}
