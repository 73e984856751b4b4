package node

import (
	"context"
	"time"

	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/retry"
)

// capacity is what the node says that it has: enough that nothing is refused for the want of it.
var capacity = core.ResourceList{
	core.ResourceCPU: resource.MustParse("64"), core.ResourceMemory: resource.MustParse("256Gi"),
	core.ResourcePods: resource.MustParse("200"), core.ResourceEphemeralStorage: resource.MustParse("1Ti"),
}

// A kubelet's own figures.
const (
	leaseTime = 40 * time.Second
	beatEvery = 10 * time.Second
)

// register makes the node known and says that it is ready.
func (r *run) register(ctx context.Context) error {
	nodes := r.client.CoreV1().Nodes()
	n := r.node
	object := &core.Node{ObjectMeta: meta.ObjectMeta{Name: n.Name, Labels: map[string]string{
		core.LabelHostname: n.Name, core.LabelOSStable: "linux", core.LabelArchStable: "amd64",
		core.LabelTopologyRegion: n.opt.Region, core.LabelTopologyZone: n.opt.Region + "a",
	}}}
	if _, err := nodes.Create(ctx, object, meta.CreateOptions{}); err != nil && !errors.IsAlreadyExists(err) {
		return err
	}
	if err := r.renewLease(ctx); err != nil {
		return err
	}
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error { return r.sayReady(ctx) }) // controllers write there too
}

// sayReady says that the node is ready, unless that is known.
func (r *run) sayReady(ctx context.Context) error {
	nodes := r.client.CoreV1().Nodes()
	object, err := nodes.Get(ctx, r.node.Name, meta.GetOptions{})
	if err != nil {
		return err
	}
	port := int32(r.server.port)
	if isReady(object) && object.Status.DaemonEndpoints.KubeletEndpoint.Port == port {
		return nil
	}
	now := meta.Now()
	object.Status = core.NodeStatus{
		Capacity: capacity, Allocatable: capacity, Phase: core.NodeRunning,
		Addresses: []core.NodeAddress{{Type: core.NodeInternalIP, Address: r.node.Address}, {Type: core.NodeHostName, Address: r.node.Name}},
		Conditions: []core.NodeCondition{
			{Type: core.NodeReady, Status: core.ConditionTrue, Reason: "KubeletReady", Message: "the node takes pods", LastHeartbeatTime: now, LastTransitionTime: now},
			{Type: core.NodeMemoryPressure, Status: core.ConditionFalse, Reason: "KubeletHasSufficientMemory", LastHeartbeatTime: now, LastTransitionTime: now},
			{Type: core.NodeDiskPressure, Status: core.ConditionFalse, Reason: "KubeletHasNoDiskPressure", LastHeartbeatTime: now, LastTransitionTime: now},
			{Type: core.NodePIDPressure, Status: core.ConditionFalse, Reason: "KubeletHasSufficientPID", LastHeartbeatTime: now, LastTransitionTime: now},
		},
		DaemonEndpoints: core.NodeDaemonEndpoints{KubeletEndpoint: core.DaemonEndpoint{Port: port}},
		NodeInfo:        core.NodeSystemInfo{OperatingSystem: "linux", Architecture: "amd64", KubeletVersion: "v1.37.2", OSImage: "processes", ContainerRuntimeVersion: "processes://1"},
	}
	_, err = nodes.UpdateStatus(ctx, object, meta.UpdateOptions{})
	return err
}

func isReady(object *core.Node) bool {
	for _, c := range object.Status.Conditions {
		if c.Type == core.NodeReady {
			return c.Status == core.ConditionTrue
		}
	}
	return false
}

// beat keeps the node's lease, and says again that the node is ready when it was given up.
func (r *run) beat() {
	for pause := beatEvery; sleep(r.ctx, pause) == nil; {
		pause = beatEvery
		ctx, cancel := context.WithTimeout(r.ctx, callTime)
		if r.pass(ctx) != nil || r.renewLease(ctx) != nil || r.sayReady(ctx) != nil {
			pause = time.Second
		}
		cancel()
	}
}

func (r *run) renewLease(ctx context.Context) error {
	leases := r.client.CoordinationV1().Leases(core.NamespaceNodeLease)
	now, seconds := meta.NewMicroTime(time.Now()), int32(leaseTime.Seconds())
	lease, err := leases.Get(ctx, r.node.Name, meta.GetOptions{})
	if errors.IsNotFound(err) {
		_, err = leases.Create(ctx, &coordination.Lease{
			ObjectMeta: meta.ObjectMeta{Name: r.node.Name},
			Spec:       coordination.LeaseSpec{HolderIdentity: &r.node.Name, LeaseDurationSeconds: &seconds, RenewTime: &now},
		}, meta.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec.RenewTime = &now
	_, err = leases.Update(ctx, lease, meta.UpdateOptions{})
	return err
}

// startEvents makes what happens to pods known, as a kubelet does.
func (r *run) startEvents() {
	broadcaster := record.NewBroadcaster(record.WithContext(r.ctx))
	broadcaster.StartRecordingToSink(&typed.EventSinkImpl{Interface: r.client.CoreV1().Events("")})
	r.events = broadcaster.NewRecorder(scheme.Scheme, core.EventSource{Component: "kubelet", Host: r.node.Name})
}

func (p *pod) event(kind, reason, format string, args ...any) {
	if p.run.ctx.Err() == nil {
		p.run.events.Eventf(p.object, kind, reason, format, args...)
	}
}
