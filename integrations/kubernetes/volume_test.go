package kubernetes_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/kubernetes"
	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
)

const answer = `{"system_id":"7712192133283955976","clean":true,"timeline":2,"end":"0/3002B58","fork":"0/3002880","related":true,"commits":7,"saved":"/data/saved/2-0-3002880"}`

// volumeServer is a stopped server whose Jobs do as a test says.
func volumeServer(t *testing.T, room *lab.Room, job func(*container) int) (*server, *kubernetes.Volume) {
	t.Helper()
	s := serverIn(t, room, func(c *container) int {
		if c.Pod.Labels["rapbot/volume-of"] == "" {
			return serves(c)
		}
		return job(c)
	})
	must(t, s.instance.Stop(t.Context()))
	s.configs[1].Volume.Sources = map[string]string{"us-east-1": "pg.use1.example.com:5432", "eu-west-1": "[2001:db8::7]:5433", "nowhere": "nowhere"}
	s.configs[1].Volume.Env = map[string]string{"VOLUME_MAX_RATE": "50M", "PGDATA": "/data/other"}
	return s, made[*kubernetes.Volume](t)(s.reopen().Volume(west))
}

func (s *server) jobs() []batchv1.Job {
	return made[*batchv1.JobList](s)(s.room.Region(west).Client.BatchV1().Jobs(s.room.Namespace).List(s.Context(), metav1.ListOptions{})).Items
}

func (s *server) expectNoJob() {
	s.Helper()
	eventually(s.T, "no Job is left", func() bool { return len(s.jobs()) == 0 })
}

func TestDivergence(t *testing.T) {
	seen := make(chan *corev1.Pod, 1)
	s, v := volumeServer(t, lab.ForTest(t), func(c *container) int {
		seen <- c.Pod
		c.say("volume: taking back a rewind that was cut off before it began")
		c.say(answer)
		c.say("psql: warning: {something}")
		return 0
	})
	got, err := v.Divergence(t.Context(), "eu-west-1", 0x16B374D848)
	want := rapbot.Divergence{SystemID: "7712192133283955976", Clean: true, Timeline: 2, End: 0x3002B58, Fork: 0x3002880, Related: true, Commits: 7, Saved: "/data/saved/2-0-3002880"}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	s.expectNoJob()
	pod := <-seen
	c := pod.Spec.Containers[0]
	if words := strings.Join(append(c.Command, c.Args...), " "); words != "/bin/sh /scripts/entrypoint.sh volume divergence 2001:db8::7 5433 16/B374D848" {
		t.Errorf("it runs %s", words)
	}
	env := fmt.Sprint(c.Env)
	for _, part := range []string{"{PG_STATE /state ", "{PGDATA /data/other ", "{VOLUME_MAX_RATE 50M "} {
		if strings.Count(env, part) != 1 || strings.Contains(env, "/data/pg") {
			t.Errorf("its environment: %s", env)
		}
	}
	if len(pod.Spec.Containers) != 1 || len(c.Ports) > 0 || pod.Labels["app"] != "" || pod.Spec.RestartPolicy != corev1.RestartPolicyNever || *pod.Spec.AutomountServiceAccountToken || c.VolumeMounts[0].Name != "run" {
		t.Errorf("%+v", pod.Spec)
	}
}

// The claim of the StatefulSet's own pod is what the Job mounts.
func TestVolumeMountsTheClaim(t *testing.T) {
	seen := make(chan *corev1.Pod, 1)
	s, v := volumeServer(t, lab.ForTest(t), func(c *container) int { seen <- c.Pod; return 0 })
	c := s.room.Region(west).Client
	set := s.now().DeepCopy()
	must(t, c.AppsV1().StatefulSets(s.room.Namespace).Delete(t.Context(), set.Name, metav1.DeleteOptions{}))
	claim := corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: new(""), VolumeName: "pv-" + s.room.Namespace,
		Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: quantity("1Gi")}},
	}
	made[*corev1.PersistentVolume](t)(c.CoreV1().PersistentVolumes().Create(t.Context(), &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: claim.VolumeName},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: corev1.ResourceList{corev1.ResourceStorage: quantity("1Gi")}, AccessModes: claim.AccessModes,
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/nowhere"}},
		},
	}, metav1.CreateOptions{}))
	t.Cleanup(func() {
		_ = c.CoreV1().PersistentVolumes().Delete(context.Background(), claim.VolumeName, metav1.DeleteOptions{})
	})
	set.ObjectMeta = metav1.ObjectMeta{Name: set.Name}
	set.Spec.Replicas = new(int32(1))
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}, Spec: claim}}
	set.Spec.Template.Spec.Containers[0].VolumeMounts = append(set.Spec.Template.Spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: "data", MountPath: "/data"})
	eventually(t, "it is made anew", func() bool {
		_, err := c.AppsV1().StatefulSets(s.room.Namespace).Create(t.Context(), set, metav1.CreateOptions{})
		return err == nil
	})
	eventually(t, "it runs", func() bool { return len(s.pods()) == 1 && ready(&s.pods()[0]) })
	must(t, s.instance.Stop(t.Context()))
	must(t, v.Rewind(t.Context(), "us-east-1"))
	mounted := ""
	for _, volume := range (<-seen).Spec.Volumes {
		if volume.PersistentVolumeClaim != nil {
			mounted += volume.Name + "=" + volume.PersistentVolumeClaim.ClaimName
		}
	}
	if mounted != "data=data-postgresql-primary-0" {
		t.Errorf("it mounts %q", mounted)
	}
}

func TestRebuildTellsItsProgress(t *testing.T) {
	heard := make(chan struct{})
	_, v := volumeServer(t, lab.ForTest(t), func(c *container) int {
		c.say("waiting for checkpoint")
		c.say("    0/22952 kB (0%%), 0/1 tablespace")
		<-heard // its first figures have arrived while it runs
		c.say("17600/22952 kB (76%%), 0/1 tablespace\r22962/22962 kB (100%%), 1/1 tablespace")
		return 0
	})
	var told []string
	must(t, v.Rebuild(t.Context(), "us-east-1", func(done, total int64) {
		told = append(told, fmt.Sprint(done, "/", total))
		if len(told) == 1 {
			close(heard)
		}
	}))
	if want := []string{"0/23502848", "18022400/23502848", "23513088/23513088"}; !slices.Equal(told, want[:1]) && !slices.Equal(told, want) {
		t.Errorf("%v", told)
	}
}

func TestVolumeThatFails(t *testing.T) {
	exits := make(chan int, 1)
	s, v := volumeServer(t, lab.ForTest(t), func(c *container) int {
		for i := range 500 {
			c.say("%d/500 kB (1%%)", i)
		}
		c.say("password=hunter2")
		c.say("the last words.")
		return <-exits
	})
	for exit, code := range map[int]rapbot.Code{1: rapbot.Unavailable, 2: rapbot.Unavailable, 4: rapbot.Precondition, 5: rapbot.Unavailable} {
		for verb, run := range map[string]func() error{
			"divergence": func() error { _, err := v.Divergence(t.Context(), "us-east-1", 0); return err },
			"rebuild":    func() error { return v.Rebuild(t.Context(), "us-east-1", nil) },
		} {
			exits <- exit
			err := run()
			expectError(t, err, code, fmt.Sprintf("volume.sh %s in us-west-2 exited with %d: ", verb, exit))
			changed := "Nothing was changed."
			if verb == "rebuild" && exit != 4 {
				changed = "Whether the data were changed is not known; they may be half way."
			}
			if text := fmt.Sprint(err); !strings.Contains(text, "the last words. "+changed) || strings.Contains(text, "hunter2") || strings.Contains(text, "kB") {
				t.Errorf("%s", text)
			}
			s.expectNoJob()
		}
	}
	exits <- 0
	_, err := v.Divergence(t.Context(), "us-east-1", 0)
	expectError(t, err, rapbot.Unavailable, "gave an answer that cannot be used: it is no JSON object. Nothing was changed.")
	exits <- 137
	expectError(t, v.Rewind(t.Context(), "us-east-1"), rapbot.Unavailable, "was killed (exit status 137): ")
}

func TestVolumeIsRefused(t *testing.T) {
	s, v := volumeServer(t, lab.ForTest(t), func(*container) int { return 0 })
	expectError(t, v.Rewind(t.Context(), "mars"), rapbot.NotFound, "No address is known")
	expectError(t, v.Rewind(t.Context(), "nowhere"), rapbot.Invalid, "is not host:port")
	must(t, s.instance.StartReplica(t.Context()))
	_, err := v.Divergence(t.Context(), "us-east-1", 0)
	expectError(t, err, rapbot.Precondition, "PostgreSQL in us-west-2 runs, or is about to: postgresql-primary-0 is running on "+s.hand.name+". Nothing was changed. Stop the server first.")
	expectError(t, v.Rebuild(t.Context(), "us-east-1", nil), rapbot.Precondition, "runs, or is about to")
	must(t, s.instance.Stop(t.Context()))
	s.patch(`{"spec":{"template":{"spec":{"containers":[{"name":"postgresql","command":["docker-entrypoint.sh"],"image":"postgres:15"}]}}}}`)
	eventually(t, "the controller has seen it", func() bool { return s.now().Status.ObservedGeneration == s.now().Generation })
	expectError(t, v.Rewind(t.Context(), "us-east-1"), rapbot.Precondition, "was installed without volume.sh")
	s.expectNoJob()
}

// A rapbot that was killed finds the Job of its last call again, and what one
// has finished is not done twice.
func TestVolumeIsFoundAgain(t *testing.T) {
	began, leave := make(chan string, 9), make(chan struct{})
	s, v := volumeServer(t, lab.ForTest(t), func(c *container) int {
		began <- c.Pod.Name
		<-leave
		c.say(answer)
		return 0
	})
	ctx, crash := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- v.Rewind(ctx, "us-east-1") }()
	first := <-began
	expectError(t, v.Rebuild(t.Context(), "us-east-1", nil), rapbot.Conflict, "is at the data of PostgreSQL in us-west-2. Nothing was changed.")
	crash()
	expectError(t, <-done, rapbot.Unavailable, "goes on, and is found again by the next try.")

	again := made[*kubernetes.Volume](t)(s.reopen().Volume(west))
	go func() { done <- again.Rewind(t.Context(), "us-east-1") }()
	close(leave)
	must(t, <-done)
	s.expectNoJob()
	if len(began) != 0 {
		t.Errorf("it ran again, after %s in %s", first, <-began)
	}

	// Found by nobody, one that has finished is read.
	ctx, crash = context.WithCancel(t.Context())
	go func() { _, err := v.Divergence(ctx, "us-east-1", 0); done <- err }()
	<-began
	crash()
	<-done
	eventually(t, "it is complete", func() bool { jobs := s.jobs(); return len(jobs) == 1 && jobs[0].Status.Succeeded == 1 })
	if d, err := again.Divergence(t.Context(), "us-east-1", 0); err != nil || d.Commits != 7 {
		t.Errorf("%+v, %v", d, err)
	}
	s.expectNoJob()
	if len(began) != 0 {
		t.Error("it ran again")
	}
}

// What was found before the server ran once more says nothing of its data now.
func TestStaleAnswerIsNotRead(t *testing.T) {
	began := make(chan struct{}, 9)
	s, v := volumeServer(t, lab.ForTest(t), func(c *container) int { began <- struct{}{}; c.say(answer); return 0 })
	ctx, crash := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := v.Divergence(ctx, "us-east-1", 0); done <- err }()
	<-began
	crash()
	<-done
	if len(s.jobs()) == 0 {
		t.Skip("it was too quick to be killed")
	}
	must2 := func(err error) { t.Helper(); must(t, err) }
	eventually(t, "it is complete", func() bool { return s.jobs()[0].Status.Succeeded == 1 })
	must2(s.instance.StartReplica(t.Context()))
	must2(s.instance.Stop(t.Context()))
	_, err := v.Divergence(t.Context(), "us-east-1", 0)
	must2(err)
	if len(began) != 1 {
		t.Error("the answer of before is told")
	}
	s.expectNoJob()
}

func TestVolumeDeadlines(t *testing.T) {
	s, _ := volumeServer(t, lab.ForTest(t), func(c *container) int { <-c.Stop; return 143 })
	s.configs[1].Volume.Timeout = 3 * time.Second
	v := made[*kubernetes.Volume](t)(s.reopen().Volume(west))
	_, err := v.Divergence(t.Context(), "us-east-1", 0)
	if text := fmt.Sprint(err); rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(text, "did not end within 3 s") && !strings.Contains(text, "was ended with its pod") {
		t.Errorf("got %v", err)
	}
	s.expectNoJob()
	s.patch(`{"spec":{"template":{"spec":{"containers":[{"name":"postgresql","image":"postgresql:imagepull"}]}}}}`)
	eventually(t, "the controller has seen it", func() bool { return s.now().Status.ObservedGeneration == s.now().Generation })
	s.configs[1].StartTimeout = 2 * time.Second
	v = made[*kubernetes.Volume](t)(s.reopen().Volume(west))
	err = v.Rewind(t.Context(), "us-east-1")
	expectError(t, err, rapbot.Unavailable, "did not begin within 2 s: ImagePullBackOff: Back-off pulling image. Nothing was changed.")
	s.expectNoJob()
}

// An API server that freezes in the middle is waited for, and what the Job did
// meanwhile is found.
func TestVolumeOutlivesFrozenServer(t *testing.T) {
	room := lab.FreshForTest(t, "us-east-1", west)
	heard, leave := make(chan struct{}), make(chan struct{})
	s, v := volumeServer(t, room, func(c *container) int {
		c.say("1/10 kB (10%%), 0/1 tablespace")
		<-leave
		c.say("10/10 kB (100%%), 1/1 tablespace")
		return 0
	})
	done := make(chan error, 1)
	var first bool
	go func() {
		done <- v.Rebuild(t.Context(), "us-east-1", func(int64, int64) {
			if !first {
				first = true
				close(heard)
			}
		})
	}()
	<-heard
	must(t, room.Region(west).Freeze())
	close(leave)
	if sleep(t.Context(), 3*time.Second) != nil || len(done) != 0 {
		t.Errorf("it ended while nobody could know how: %v", <-done)
	}
	must(t, room.Region(west).Thaw())
	must(t, <-done)
	s.expectNoJob()
}
