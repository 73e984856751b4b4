package kubernetes_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/kubernetes"
	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// made is what an API server gave back.
func made[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func quantity(s string) resource.Quantity { return resource.MustParse(s) }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// silent reports that nobody has answered.
func silent(err error) bool {
	var status apierrors.APIStatus
	return !errors.As(err, &status)
}

// eventually waits for what nobody announces, longer than any machine needs.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for !so() {
		if sleep(ctx, 20*time.Millisecond) != nil {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// world is a room with a fleet over its regions, as rapbot itself would have it:
// by a ServiceAccount that may do what the table of rights says and no more.
type world struct {
	*testing.T
	room    *lab.Room
	configs []kubernetes.RegionConfig
	opt     kubernetes.Options
	fleet   *kubernetes.Fleet
}

// newWorld opens a fleet. Adjust changes a region's configuration before its
// rights are given.
func newWorld(t *testing.T, room *lab.Room, adjust func(*kubernetes.RegionConfig)) *world {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	w := &world{T: t, room: room, opt: kubernetes.Options{Every: 100 * time.Millisecond, Timeout: 2 * time.Second, Log: zap.New(core)}}
	var tokens []string
	for _, region := range room.Regions() {
		c := kubernetes.RegionConfig{Name: region.Name, Rest: region.Config, Context: region.Name, Names: kubernetes.Names{Namespace: room.Namespace}}
		if adjust != nil {
			adjust(&c)
		}
		w.configs = append(w.configs, c)
	}
	rights, err := kubernetes.Open(w.configs, w.opt)
	must(t, err)
	for i, region := range room.Regions() {
		token := account(t, region, room.Namespace, "rapbot", made[[]kubernetes.Right](t)(rights.Rights(region.Name)))
		w.configs[i].Rest = as(region, token)
		tokens = append(tokens, token)
	}
	w.fleet = w.reopen()
	t.Cleanup(func() {
		for _, entry := range logs.All() {
			for _, token := range tokens {
				if strings.Contains(fmt.Sprint(entry.Message, entry.ContextMap()), token) {
					t.Errorf("a token is in the log: %s", entry.Message)
				}
			}
		}
	})
	return w
}

// reopen is rapbot after a crash: it knows nothing.
func (w *world) reopen() *kubernetes.Fleet {
	w.Helper()
	f, err := kubernetes.Open(w.configs, w.opt)
	must(w.T, err)
	return f
}

// runs keeps the memory fresh until the test ends.
func (w *world) runs() {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = w.fleet.Run(ctx)
	}()
	w.Cleanup(func() { cancel(); <-ended })
}

// cluster is what the memory says of a region.
func (w *world) cluster(region string) rapbot.Cluster {
	w.Helper()
	for _, c := range w.fleet.Clusters() {
		if c.Region == region {
			return c
		}
	}
	w.Fatalf("no cluster %s", region)
	return rapbot.Cluster{}
}

// shows waits until the memory says so.
func (w *world) shows(region, what string, so func(c rapbot.Cluster) bool) rapbot.Cluster {
	w.Helper()
	defer func() {
		if w.Failed() {
			w.Logf("last: %+v", w.cluster(region))
		}
	}()
	eventually(w.T, what, func() bool { return so(w.cluster(region)) })
	return w.cluster(region)
}

// as is a region's API server for the holder of a token.
func as(region *lab.Region, token string) *rest.Config {
	config := rest.AnonymousClientConfig(region.Config)
	config.BearerToken = token
	return config
}

// account makes a ServiceAccount that has these rights and no others, and
// returns its token.
func account(t testing.TB, region *lab.Region, namespace, name string, rights []kubernetes.Right) string {
	t.Helper()
	ctx, c := t.Context(), region.Client
	made[*corev1.ServiceAccount](t)(c.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}))
	subject := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: namespace}}
	roles, cluster := kubernetes.RolesOf(name+"-"+namespace, rights)
	for _, role := range roles {
		if role.Namespace != namespace { // Argo CD's, which may be there
			_, _ = c.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: role.Namespace}}, metav1.CreateOptions{})
		}
		made[*rbacv1.Role](t)(c.RbacV1().Roles(role.Namespace).Create(ctx, &role, metav1.CreateOptions{}))
		made[*rbacv1.RoleBinding](t)(c.RbacV1().RoleBindings(role.Namespace).Create(ctx, &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: role.Name}, Subjects: subject, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		}, metav1.CreateOptions{}))
		t.Cleanup(func() {
			_ = c.RbacV1().Roles(role.Namespace).Delete(context.Background(), role.Name, metav1.DeleteOptions{})
		})
	}
	if cluster != nil {
		made[*rbacv1.ClusterRole](t)(c.RbacV1().ClusterRoles().Create(ctx, cluster, metav1.CreateOptions{}))
		made[*rbacv1.ClusterRoleBinding](t)(c.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: cluster.Name}, Subjects: subject, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: cluster.Name},
		}, metav1.CreateOptions{}))
		t.Cleanup(func() {
			_ = c.RbacV1().ClusterRoles().Delete(context.Background(), cluster.Name, metav1.DeleteOptions{})
			_ = c.RbacV1().ClusterRoleBindings().Delete(context.Background(), cluster.Name, metav1.DeleteOptions{})
		})
	}
	request := made[*authenticationv1.TokenRequest](t)(c.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{}))
	return request.Status.Token
}

// deployment is the application as somebody would install it from the guide.
func (w *world) deployment(region string, replicas int32, image string) *appsv1.Deployment {
	w.Helper()
	labels := map[string]string{"app": "rap-analyzer"}
	return made[*appsv1.Deployment](w)(w.room.Region(region).Client.AppsV1().Deployments(w.room.Namespace).Create(w.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "rap-analyzer"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "rap-analyzer", Image: image}}}},
		},
	}, metav1.CreateOptions{}))
}

// set is PostgreSQL as the chart installs it, on a node of the test's when it
// names one.
func (w *world) set(region, name, image, node string) *appsv1.StatefulSet {
	w.Helper()
	one, grace := int32(1), int64(120)
	labels := map[string]string{"app": "postgresql", "role": "primary"}
	pod := corev1.PodSpec{
		TerminationGracePeriodSeconds: &grace, Volumes: []corev1.Volume{{Name: "run", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		Containers: []corev1.Container{
			{
				Name: "postgresql", Image: image, Command: []string{"/bin/sh", "/scripts/entrypoint.sh"}, Env: []corev1.EnvVar{{Name: "PG_STATE", Value: "/state"}, {Name: "PGDATA", Value: "/data/pg"}},
				VolumeMounts: []corev1.VolumeMount{{Name: "run", MountPath: "/run/postgresql"}},
				Ports:        []corev1.ContainerPort{{ContainerPort: 5432}},
			},
			{Name: "exporter", Image: "exporter:1"},
		},
	}
	if node != "" {
		pod.NodeSelector, pod.Tolerations = map[string]string{"hand": node}, []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}
	return made[*appsv1.StatefulSet](w)(w.room.Region(region).Client.AppsV1().StatefulSets(w.room.Namespace).Create(w.Context(), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &one, ServiceName: name, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
		},
	}, metav1.CreateOptions{}))
}

// expectError compares an error's code, and a part of its words.
func expectError(t *testing.T, err error, code rapbot.Code, words string) {
	t.Helper()
	if err == nil || rapbot.ErrorCode(err) != code || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v (%s), want %s with %q", err, rapbot.ErrorCode(err), code, words)
	}
}
