package kubernetes

import (
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
)

var names = Names{}.filled("us-east-1")

// aSet is a StatefulSet with its one pod, as it is when all is well.
func aSet() (*appsv1.StatefulSet, *corev1.Pod) {
	one, controller := int32(1), true
	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "postgresql-primary", UID: "set", Generation: 3},
		Spec: appsv1.StatefulSetSpec{Replicas: &one, Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{
			{Name: "exporter", Image: "exporter:9"}, {Name: "postgresql", Image: "registry.example.com:5000/postgresql:15.3@sha256:0123456789abcdef"},
		}}}},
		Status: appsv1.StatefulSetStatus{ObservedGeneration: 3, UpdateRevision: "new"},
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "postgresql-primary-0", Labels: map[string]string{appsv1.ControllerRevisionHashLabelKey: "new"},
			OwnerReferences: []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, UID: set.UID, Controller: &controller}},
		},
		Spec: *set.Spec.Template.Spec.DeepCopy(),
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}, ContainerStatuses: []corev1.ContainerStatus{
			{Name: "exporter"}, {Name: "postgresql", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
		}},
	}
	return set, pod
}

func TestDatabase(t *testing.T) {
	for name, test := range map[string]struct {
		change func(set *appsv1.StatefulSet, pod *corev1.Pod, o *objects)
		want   string // version desired/pods/updated/ready settled trouble
	}{
		"all is well":  {func(*appsv1.StatefulSet, *corev1.Pod, *objects) {}, "15.3 1/1/1/1 true "},
		"not seen yet": {func(set *appsv1.StatefulSet, _ *corev1.Pod, _ *objects) { set.Generation = 4 }, "15.3 1/1/1/1 false "},
		"older revision": {func(_ *appsv1.StatefulSet, p *corev1.Pod, _ *objects) {
			p.Labels[appsv1.ControllerRevisionHashLabelKey] = "old"
		}, "15.3 1/1/0/1 false "},
		"being deleted": {func(_ *appsv1.StatefulSet, p *corev1.Pod, _ *objects) { p.DeletionTimestamp = &metav1.Time{} }, "15.3 1/1/1/0 false "},
		"stopped":       {func(set *appsv1.StatefulSet, _ *corev1.Pod, o *objects) { set.Spec.Replicas, o.pods = new(int32), nil }, "15.3 0/0/0/0 true "},
		"stopping":      {func(set *appsv1.StatefulSet, _ *corev1.Pod, _ *objects) { set.Spec.Replicas = new(int32) }, "15.3 0/1/1/1 false "},
		"no pod yet":    {func(_ *appsv1.StatefulSet, _ *corev1.Pod, o *objects) { o.pods = nil }, "15.3 1/0/0/0 false "},
		"a stranger": {func(_ *appsv1.StatefulSet, p *corev1.Pod, _ *objects) {
			p.Name, p.OwnerReferences = "postgresql-backup-7", nil
		}, "15.3 1/0/0/0 false "},
		"in its place": {func(_ *appsv1.StatefulSet, p *corev1.Pod, _ *objects) { p.OwnerReferences = nil }, "15.3 1/1/1/1 true "},
		"held by a gate": {func(_ *appsv1.StatefulSet, p *corev1.Pod, _ *objects) {
			p.Status.Conditions[0].Status = corev1.ConditionFalse
		}, "15.3 1/1/1/0 false postgresql-primary-0 runs and is not ready"},
		"has failed": {func(_ *appsv1.StatefulSet, p *corev1.Pod, _ *objects) {
			p.Status = corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "no disk"}
		}, "15.3 1/1/1/0 false Evicted: no disk"},
		"only a digest": {func(set *appsv1.StatefulSet, _ *corev1.Pod, _ *objects) {
			set.Spec.Template.Spec.Containers[1].Image = "a:5000/pg@sha256:0123456789abcdef"
		}, "sha256:0123456789ab 1/1/1/1 true "},
		"no tag": {func(set *appsv1.StatefulSet, _ *corev1.Pod, _ *objects) {
			set.Spec.Template.Spec.Containers[1].Image = "a:5000/pg"
		}, "latest 1/1/1/1 true "},
		"replicas unsaid": {func(set *appsv1.StatefulSet, _ *corev1.Pod, _ *objects) { set.Spec.Replicas = nil }, "15.3 1/1/1/1 true "},
	} {
		set, pod := aSet()
		o := objects{sets: []*appsv1.StatefulSet{set}, pods: []*corev1.Pod{pod}}
		test.change(set, pod, &o)
		w := o.database(names)
		if got := figures(w); got != test.want || !w.Found || w.Name != set.Name {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func figures(w rapbot.Workload) string {
	return fmt.Sprintf("%s %d/%d/%d/%d %t %s", w.Version, w.Desired, w.Pods, w.Updated, w.Ready, w.Settled, w.Trouble)
}

// Two StatefulSets are one too many: which of them rapbot should stop is not
// for it to guess.
func TestTwoSets(t *testing.T) {
	set, pod := aSet()
	other := set.DeepCopy()
	other.Name, other.UID, set.Spec.Replicas = "postgresql-replica", "other", new(int32)
	w := objects{sets: []*appsv1.StatefulSet{set, other}, pods: []*corev1.Pod{pod}}.database(names)
	if w.Name != "postgresql-replica" || w.Settled || !strings.Contains(w.Trouble, "both exist") {
		t.Errorf("%+v", w)
	}
	if w := (objects{}).database(names); w.Found || w.Name != "postgresql-primary or postgresql-replica" {
		t.Errorf("%+v", w)
	}
}

func TestTroubleIsTheWorst(t *testing.T) {
	waiting := func(name, reason, message string, exit int32) *corev1.Pod {
		c := corev1.ContainerStatus{Name: "c", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}
		if exit != 0 {
			c.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: exit, Reason: "OOMKilled"}
		}
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{c}}}
	}
	unscheduled := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/2 nodes\nare available"},
	}}}
	crash, pull, creating := waiting("b", "CrashLoopBackOff", "back-off 40s", 137), waiting("c", "ImagePullBackOff", `pull "x": token=hunter2`, 0), waiting("d", "ContainerCreating", "", 0)
	for _, test := range []struct {
		pods []*corev1.Pod
		want string
	}{
		{[]*corev1.Pod{creating}, ""},
		{[]*corev1.Pod{creating, unscheduled}, "Unschedulable: 0/2 nodes are available"},
		{[]*corev1.Pod{unscheduled, crash}, "CrashLoopBackOff: back-off 40s (it ended with OOMKilled, exit status 137)"},
		{[]*corev1.Pod{pull, crash, unscheduled}, `ImagePullBackOff: pull "x": token=(hidden)`},
		{[]*corev1.Pod{waiting("z", "ErrImagePull", "z", 0), waiting("y", "ErrImagePull", "y", 0)}, "ErrImagePull: y"},
	} {
		if got, _ := trouble(test.pods); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	long, _ := trouble([]*corev1.Pod{waiting("a", "ErrImagePull", strings.Repeat("x", 5000), 0)})
	if len(long) > longestText+len("…") || !strings.HasPrefix(long, "ErrImagePull: xxx") {
		t.Errorf("%d bytes", len(long))
	}
}

func TestApp(t *testing.T) {
	five, controller := int32(5), true
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "rap-analyzer", Generation: 2},
		Spec:       appsv1.DeploymentSpec{Replicas: &five, Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{restartStamp: "s"}}}},
		Status:     appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 5, UpdatedReplicas: 5, AvailableReplicas: 5},
	}
	var pods []*corev1.Pod
	for i := range 5 {
		pods = append(pods, &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprint("p", i), Labels: map[string]string{appsv1.DefaultDeploymentUniqueLabelKey: "abc"},
				OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "rap-analyzer-abc", Controller: &controller}},
			},
			Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
		})
	}
	evicted := pods[0].DeepCopy()
	evicted.Status = corev1.PodStatus{Phase: corev1.PodFailed}
	another := pods[0].DeepCopy()
	another.OwnerReferences[0].Name = "rap-analyzer-worker-abc"
	o := objects{deployment: d, appPods: append(pods, evicted, another)}
	if w := o.app(names); figures(w) != " 5/5/5/5 true " || w.Restart != "s" {
		t.Errorf("%+v", w)
	}
	leaving := pods[0].DeepCopy()
	leaving.DeletionTimestamp = &metav1.Time{}
	o.appPods = append(o.appPods, leaving) // one more than asked for, on its way out
	if w := o.app(names); figures(w) != " 5/6/5/5 false " {
		t.Errorf("%+v", w)
	}
	o.appPods = pods[:3]
	d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: "exceeded quota"}}
	if w := o.app(names); w.Trouble != "FailedCreate: exceeded quota" {
		t.Errorf("%+v", w)
	}
	if w := (objects{}).app(names); w.Found || w.Name != "rap-analyzer" {
		t.Errorf("%+v", w)
	}
}

func TestBackup(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	after := func(d time.Duration) *metav1.Time { return &metav1.Time{Time: at.Add(d)} }
	controller := true
	job := func(owner types.UID, created time.Duration, how batchv1.JobConditionType, ended time.Duration) *batchv1.Job {
		j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: *after(created), OwnerReferences: []metav1.OwnerReference{{UID: owner, Controller: &controller}}}}
		if how != "" {
			j.Status.Conditions = []batchv1.JobCondition{{Type: how, Status: corev1.ConditionTrue, LastTransitionTime: *after(ended)}}
		}
		return j
	}
	c := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{UID: "cron"}, Status: batchv1.CronJobStatus{LastSuccessfulTime: after(0), LastScheduleTime: after(-time.Minute)}}
	for name, test := range map[string]struct {
		jobs []*batchv1.Job
		want rapbot.Backup
	}{
		"as the CronJob remembers": {nil, rapbot.Backup{Found: true, LastSuccess: at, LastRun: at.Add(-time.Minute)}},
		"one by hand":              {[]*batchv1.Job{job("cron", time.Hour, batchv1.JobComplete, 2*time.Hour)}, rapbot.Backup{Found: true, LastSuccess: at.Add(2 * time.Hour), LastRun: at.Add(time.Hour)}},
		"a failed one":             {[]*batchv1.Job{job("cron", time.Hour, batchv1.JobFailed, 2*time.Hour)}, rapbot.Backup{Found: true, LastSuccess: at, LastRun: at.Add(time.Hour)}},
		"one that runs":            {[]*batchv1.Job{job("cron", time.Hour, "", 0)}, rapbot.Backup{Found: true, LastSuccess: at, LastRun: at.Add(time.Hour), Running: true}},
		"another's":                {[]*batchv1.Job{job("else", time.Hour, batchv1.JobComplete, time.Hour)}, rapbot.Backup{Found: true, LastSuccess: at, LastRun: at.Add(-time.Minute)}},
	} {
		if got := (objects{cronJob: c, jobs: test.jobs}).backup(); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
	if got := (objects{}).backup(); got != (rapbot.Backup{}) {
		t.Errorf("%+v", got)
	}
}

// Looks overlap; what an older one brings, or its silence, takes nothing back.
func TestTheNewestLookCounts(t *testing.T) {
	m := newMemory("us-east-1")
	at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	if c := m.now(); c.Answered || c.Fault != "not asked yet" {
		t.Errorf("%+v", c)
	}
	m.keep(at.Add(2*time.Second), rapbot.Cluster{Region: "us-east-1", At: at.Add(3 * time.Second), Answered: true, Host: "new"})
	if _, kept := m.keep(at, rapbot.Cluster{Region: "us-east-1", At: at.Add(4 * time.Second), Answered: true, Host: "old"}); kept {
		t.Error("an older look was kept")
	}
	m.keep(at.Add(5*time.Second), rapbot.Cluster{Region: "us-east-1", At: at.Add(7 * time.Second), Fault: "no answer within 2 s"})
	want := rapbot.Cluster{Region: "us-east-1", At: at.Add(7 * time.Second), Fault: "no answer within 2 s", LastAnswer: at.Add(3 * time.Second), Host: "new"}
	if c := m.now(); fmt.Sprint(c) != fmt.Sprint(want) {
		t.Errorf("%+v\nwant %+v", c, want)
	}
}

// A server is stopped only when nothing speaks against it.
func TestRunning(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*standing)
		want   string
	}{
		"a pod":              {func(*standing) {}, "true"},
		"on its way out":     {func(s *standing) { s.pods[0].DeletionTimestamp = &metav1.Time{} }, "true"},
		"a failed pod":       {func(s *standing) { s.pods[0].Status.Phase = corev1.PodFailed }, "true"},
		"a node that is off": {func(s *standing) { s.pods[0].Status.Phase = corev1.PodUnknown }, "true"},
		"asked for":          {func(s *standing) { s.pods = nil }, "true"},
		"a pod nobody asks":  {func(s *standing) { s.set.Spec.Replicas = new(int32) }, "true"},
		"stopped":            {func(s *standing) { s.set.Spec.Replicas, s.pods = new(int32), nil }, "false"},
		"not seen yet":       {func(s *standing) { s.set.Spec.Replicas, s.pods, s.set.Generation = new(int32), nil, 4 }, "the controller has not seen"},
		"no set":             {func(s *standing) { *s = standing{} }, "there is no StatefulSet"},
		"a pod without set":  {func(s *standing) { s.set = nil }, "true"},
	} {
		set, pod := aSet()
		s := standing{set, []*corev1.Pod{pod}}
		test.change(&s)
		running, err := s.running()
		got := fmt.Sprint(running)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// Only a pod in which PostgreSQL does not run is ever deleted to make room.
func TestWhatCannotStart(t *testing.T) {
	waits := func(reason string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Status.Conditions = nil
			p.Status.ContainerStatuses[1].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
		}
	}
	for name, test := range map[string]struct {
		change func(*corev1.Pod)
		want   bool
	}{
		"it is ready":     {func(*corev1.Pod) {}, false},
		"a gate holds it": {func(p *corev1.Pod) { p.Status.Conditions = nil }, false},
		"the exporter cannot": {func(p *corev1.Pod) {
			waits("x")(p)
			p.Status.ContainerStatuses[0].State, p.Status.ContainerStatuses[1].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}}, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
		}, false},
		"no image":              {waits("ImagePullBackOff"), true},
		"it crashes":            {waits("CrashLoopBackOff"), true},
		"it is just being made": {waits("ContainerCreating"), false},
		"nothing is said of it": {func(p *corev1.Pod) { p.Status = corev1.PodStatus{Phase: corev1.PodPending} }, false},
		"there is no room for it": {func(p *corev1.Pod) {
			p.Status = corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse}}}
		}, true},
	} {
		_, pod := aSet()
		test.change(pod)
		if got := cannotStart(pod); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
