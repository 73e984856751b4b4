package kubernetes_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/kubernetes"
	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
	"github.com/rap-analyzer/rapbot/lab/kubernetes/node"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// rendered are the objects that a chart of this repository makes.
func rendered(t *testing.T, chart, values string) []*unstructured.Unstructured {
	t.Helper()
	loaded, err := loader.Load("../../charts/" + chart)
	must(t, err)
	given := map[string]any{}
	must(t, yaml.Unmarshal([]byte(values), &given))
	all, err := util.ToRenderValues(loaded, given, common.ReleaseOptions{Name: chart, Namespace: "rap-analyzer", Revision: 1, IsInstall: true}, common.DefaultCapabilities)
	must(t, err)
	files, err := engine.Render(loaded, all)
	must(t, err)
	var out []*unstructured.Unstructured
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(path, ".yaml") {
			continue
		}
		documents := utilyaml.NewYAMLOrJSONDecoder(bytes.NewBufferString(files[path]), 4096)
		for {
			o := &unstructured.Unstructured{}
			if err := documents.Decode(&o.Object); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if len(o.Object) > 0 {
				out = append(out, o)
			}
		}
	}
	return out
}

// plurals of the kinds that the chart of PostgreSQL makes; what is not among
// them is not needed here.
var plurals = map[string]schema.GroupVersionResource{
	"Service": {Version: "v1", Resource: "services"}, "ConfigMap": {Version: "v1", Resource: "configmaps"}, "Secret": {Version: "v1", Resource: "secrets"},
	"StatefulSet": {Group: "apps", Version: "v1", Resource: "statefulsets"}, "NetworkPolicy": {Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"},
	"PodDisruptionBudget": {Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"},
}

// apply puts the objects that only names, or all of them, into a region.
func apply(t *testing.T, region *lab.Region, namespace string, objects []*unstructured.Unstructured, only ...string) {
	t.Helper()
	c, err := dynamic.NewForConfig(region.Config)
	must(t, err)
	for _, o := range objects {
		resource, known := plurals[o.GetKind()]
		if !known || len(only) > 0 && !slices.Contains(only, o.GetKind()) {
			continue
		}
		text, err := o.MarshalJSON()
		must(t, err)
		_, err = c.Resource(resource).Namespace(namespace).Patch(t.Context(), o.GetName(), types.ApplyPatchType, text, metav1.PatchOptions{FieldManager: "helm", Force: new(true)})
		must(t, err)
	}
}

const password = "correct-horse"

func chartValues(region, role, slot, from, peer, peerAddress string) string {
	return fmt.Sprintf(`
region: %s
role: %s
name: postgresql-%s
slot: %s
slots: [use1, usw2]
image: {repository: postgres, tag: "15"}
primary: {host: %q, port: 5432}
peers: [{name: %s, address: "%s:5432"}]
gate: {quorum: 0}
service: {type: LoadBalancer}
listenAddresses: $(POD_IP)
superuser: {existingSecret: logins, key: password}
replication: {existingSecret: logins, key: password}
rapbot: {existingSecret: logins, key: password}
database: {existingSecret: logins, key: password}
exporter: {enabled: false, existingSecret: logins, key: password}
backup: {enabled: false}
`, region, role, role, slot, from, peer, peerAddress)
}

// The chart as it is, PostgreSQL as it is and volume.sh as it is: what the
// adapter relies on of the chart is there, and a region's data are read, rewound
// and made anew through it.
func TestWithTheChart(t *testing.T) {
	const east = "us-east-1"
	programs, err := regions.FindInstallation()
	must(t, err)
	room := lab.StartForTest(t, lab.Options{Names: []string{east, west}, Images: node.Images{"postgres": {Path: []string{programs.Dir}}}})
	address := map[string]string{}
	for region, role := range map[string]string{east: "primary", west: "replica"} {
		made[*corev1.Secret](t)(room.Region(region).Client.CoreV1().Secrets(room.Namespace).Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "logins"}, StringData: map[string]string{"password": password}}, metav1.CreateOptions{}))
		apply(t, room.Region(region), room.Namespace, rendered(t, "postgresql", chartValues(region, role, "use1", "nobody", "nobody", "nobody")), "Service")
		eventually(t, "the address of "+region, func() bool {
			s := made[*corev1.Service](t)(room.Region(region).Client.CoreV1().Services(room.Namespace).Get(t.Context(), "postgresql-"+role, metav1.GetOptions{}))
			if len(s.Status.LoadBalancer.Ingress) == 1 {
				address[region] = s.Status.LoadBalancer.Ingress[0].IP
			}
			return address[region] != ""
		})
	}
	install := func(region, role, slot, other string) {
		from := ""
		if role == "replica" {
			from = address[other]
		}
		apply(t, room.Region(region), room.Namespace, rendered(t, "postgresql", chartValues(region, role, slot, from, other, address[other])))
	}
	w := newWorld(t, room, func(c *kubernetes.RegionConfig) {
		other := map[string]string{east: west, west: east}[c.Name]
		c.Volume.Sources = map[string]string{other: net.JoinHostPort(address[other], "5432")}
		c.SetRole = func(context.Context, rapbot.Role) error { return nil } // it stays what it is
	})
	t.Cleanup(func() {
		for _, region := range room.Regions() {
			w.logPods(region)
		}
	})
	w.runs()
	install(east, "primary", "use1", west)
	w.shows(east, "the primary is ready", func(c rapbot.Cluster) bool {
		return c.Database.Settled && c.Database.Name == "postgresql-primary" && c.Database.Version == "15"
	})
	install(west, "replica", "usw2", east)
	c := w.shows(west, "the replica is ready", func(c rapbot.Cluster) bool { return c.Database.Settled && c.Database.Ready == 1 })
	if len(c.Lacks) != 1 || !lacks(c, "a backup: ") {
		t.Errorf("the chart lacks %+v", c.Lacks)
	}

	instance, volume := made[*kubernetes.Instance](t)(w.fleet.Instance(west)), made[*kubernetes.Volume](t)(w.fleet.Volume(west))
	_, err = volume.Divergence(t.Context(), east, 0)
	expectError(t, err, rapbot.Precondition, "Stop the server first.")
	must(t, instance.Stop(t.Context()))
	d, err := volume.Divergence(t.Context(), east, 0)
	if err != nil || !d.Straight() || d.Timeline != 1 || d.Commits != 0 || d.SystemID == "" {
		t.Errorf("%+v, %v", d, err)
	}
	must(t, volume.Rewind(t.Context(), east))
	var done, total int64
	must(t, volume.Rebuild(t.Context(), east, func(d, t int64) { done, total = d, t }))
	if total < 1<<20 || done < total {
		t.Errorf("the rebuild told %d of %d bytes", done, total)
	}
	must(t, instance.StartReplica(t.Context()))
	w.shows(west, "the rebuilt replica is ready", func(c rapbot.Cluster) bool { return c.Database.Settled && c.Database.Ready == 1 })
	set := made[*appsv1.StatefulSet](t)(room.Region(west).Client.AppsV1().StatefulSets(room.Namespace).Get(t.Context(), "postgresql-replica", metav1.GetOptions{}))
	if len(set.Spec.VolumeClaimTemplates) != 1 {
		t.Errorf("%d claims: the copy was made somewhere else", len(set.Spec.VolumeClaimTemplates))
	}

	// A source that does not answer leaves the data as they are, and says so.
	must(t, instance.Stop(t.Context()))
	source := made[*kubernetes.Instance](t)(w.fleet.Instance(east))
	must(t, source.Stop(t.Context()))
	err = volume.Rewind(t.Context(), east)
	expectError(t, err, rapbot.Unavailable, "volume.sh rewind in us-west-2 exited with 1: ")
	if strings.Contains(fmt.Sprint(err), password) {
		t.Errorf("%v", err)
	}
}

// logPods shows what the containers of a failed test have said.
func (w *world) logPods(region *lab.Region) {
	if !w.Failed() {
		return
	}
	pods := region.Client.CoreV1().Pods(w.room.Namespace)
	list, err := pods.List(context.Background(), metav1.ListOptions{})
	if err != nil {
		w.Log(err)
		return
	}
	for _, p := range list.Items {
		text, err := pods.GetLogs(p.Name, &corev1.PodLogOptions{Container: p.Spec.Containers[0].Name}).DoRaw(context.Background())
		w.Logf("%s: %s %v", p.Name, text, err)
	}
}
