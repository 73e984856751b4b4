package kubernetes_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
)

// hand is a node whose containers do what a test says: it plays the kubelet
// towards a real API server, logs included.
type hand struct {
	*testing.T
	region *lab.Region
	name   string
	// process is what a container does: it says things, and returns the exit status.
	process func(c *container) int

	mu   sync.Mutex
	pods map[types.UID]*container
}

// container is the one of a pod that counts.
type container struct {
	Pod  *corev1.Pod   // as it was when it began
	Stop chan struct{} // closed when the pod is being deleted

	mu    sync.Mutex
	log   bytes.Buffer
	ended bool
	more  *sync.Cond
}

// say puts a line into the log.
func (c *container) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(&c.log, format+"\n", args...)
	c.more.Broadcast()
}

// serves is the process of a server: it runs until it is told to stop.
func serves(c *container) int {
	<-c.Stop
	return 0
}

// newHand adds the node to a region until the test ends. Only pods that name it
// come to it.
func newHand(t *testing.T, room *lab.Room, region string, process func(c *container) int) *hand {
	t.Helper()
	h := &hand{T: t, region: room.Region(region), name: "hand-" + room.Namespace, process: process, pods: map[types.UID]*container{}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(h.serveLog))
	pki := filepath.Join(room.Dir(), region, "pki")
	certificate, err := tls.LoadX509KeyPair(filepath.Join(pki, "server.crt"), filepath.Join(pki, "server.key"))
	must(t, err)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		h.endAll()
		all.Wait()
		server.CloseClientConnections()
		server.Close()
		_ = h.region.Client.CoreV1().Nodes().Delete(context.Background(), h.name, metav1.DeleteOptions{})
	})
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: h.name, Labels: map[string]string{"hand": h.name}}, Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Key: "hand", Effect: corev1.TaintEffectNoSchedule}}}}
	_, err = h.region.Client.CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{})
	must(t, err)
	h.setReady(corev1.ConditionTrue, server.Listener.Addr().(*net.TCPAddr).Port)
	all.Go(func() {
		for sleep(ctx, 30*time.Millisecond) == nil {
			h.round(ctx, &all)
		}
	})
	return h
}

// setReady is the node's condition. Port 0 leaves the address as it is.
func (h *hand) setReady(state corev1.ConditionStatus, port int) {
	h.Helper()
	nodes := h.region.Client.CoreV1().Nodes()
	must(h.T, retry.RetryOnConflict(retry.DefaultBackoff, func() error { // the controllers write to it as well
		node, err := nodes.Get(h.Context(), h.name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		now := metav1.Now()
		node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: state, Reason: "Hand", LastHeartbeatTime: now, LastTransitionTime: now}}
		node.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: quantity("100"), corev1.ResourceCPU: quantity("64"), corev1.ResourceMemory: quantity("64Gi")}
		node.Status.Allocatable = node.Status.Capacity
		if port != 0 {
			node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}}
			node.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(port)
		}
		_, err = nodes.UpdateStatus(h.Context(), node, metav1.UpdateOptions{})
		return err
	}))
}

func (h *hand) endAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.pods {
		c.stop()
	}
}

func (c *container) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.Stop:
	default:
		close(c.Stop)
	}
}

// round looks what is asked of the node.
func (h *hand) round(ctx context.Context, all *sync.WaitGroup) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	list, err := h.region.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + h.name})
	if err != nil {
		return // the test has frozen the API server
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range list.Items {
		p := &list.Items[i]
		c := h.pods[p.UID]
		if c == nil && p.DeletionTimestamp == nil && !strings.Contains(p.Spec.Containers[0].Image, "imagepull") {
			c = &container{Pod: p, Stop: make(chan struct{})}
			c.more = sync.NewCond(&c.mu)
			h.pods[p.UID] = c
			all.Go(func() { h.run(c) })
		}
		if c == nil && p.DeletionTimestamp == nil && len(p.Status.ContainerStatuses) == 0 {
			h.patch(p, unpullable(p))
		}
		if c == nil && p.DeletionTimestamp != nil {
			h.drop(p)
		}
		if c != nil && p.DeletionTimestamp != nil {
			c.stop()
		}
	}
}

// run is a container's life.
func (h *hand) run(c *container) {
	h.patch(c.Pod, status(c.Pod, corev1.PodRunning, corev1.ConditionTrue, `{"running":{}}`))
	exit := h.process(c)
	c.mu.Lock()
	c.ended = true
	c.more.Broadcast()
	c.mu.Unlock()
	phase := corev1.PodSucceeded
	if exit != 0 {
		phase = corev1.PodFailed
	}
	h.patch(c.Pod, status(c.Pod, phase, corev1.ConditionFalse, fmt.Sprintf(`{"terminated":{"exitCode":%d,"reason":"Completed"}}`, exit)))
	select {
	case <-c.Stop:
		h.drop(c.Pod)
	default:
	}
}

// status is a pod's, of which only what is known here is patched.
func status(p *corev1.Pod, phase corev1.PodPhase, ready corev1.ConditionStatus, state string) string {
	return fmt.Sprintf(`{"status":{"phase":%q,"conditions":[{"type":"Ready","status":%q,"lastTransitionTime":%q}],"containerStatuses":[{"name":%q,"image":"x","imageID":"x","ready":%t,"restartCount":0,"state":%s}]}}`,
		phase, ready, time.Now().UTC().Format(time.RFC3339), p.Spec.Containers[0].Name, ready == corev1.ConditionTrue, state)
}

func unpullable(p *corev1.Pod) string {
	return status(p, corev1.PodPending, corev1.ConditionFalse, `{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image"}}`)
}

// patch goes on while the API server is silent, as a kubelet does.
func (h *hand) patch(p *corev1.Pod, patch string) {
	for range 100 {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		_, err := h.region.Client.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
		cancel()
		if err == nil || !silent(err) {
			return
		}
	}
}

// drop takes a pod object away whose container has ended.
func (h *hand) drop(p *corev1.Pod) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = h.region.Client.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64), Preconditions: &metav1.Preconditions{UID: &p.UID}})
}

// serveLog is the kubelet's /containerLogs/NAMESPACE/POD/CONTAINER.
func (h *hand) serveLog(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) != 4 || parts[0] != "containerLogs" {
		http.NotFound(w, r)
		return
	}
	c := h.container(parts[2])
	if c == nil {
		http.NotFound(w, r)
		return
	}
	from := 0
	context.AfterFunc(r.Context(), c.more.Broadcast)
	c.mu.Lock()
	defer c.mu.Unlock()
	if lines := r.URL.Query().Get("tailLines"); lines == "1" {
		text := strings.TrimSuffix(c.log.String(), "\n")
		from = strings.LastIndexByte(text, '\n') + 1
	}
	for {
		_, _ = w.Write(c.log.Bytes()[from:])
		from = c.log.Len()
		if r.URL.Query().Get("follow") != "true" || c.ended || r.Context().Err() != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		c.more.Wait()
	}
}

// container finds the newest container of a pod's name; nil when there is none.
func (h *hand) container(pod string) (found *container) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.pods {
		if c.Pod.Name == pod && (found == nil || c.Pod.CreationTimestamp.After(found.Pod.CreationTimestamp.Time)) {
			found = c
		}
	}
	return found
}
