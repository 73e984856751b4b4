package kubernetes

import (
	"context"
	_ "embed"
	"fmt"
	"os"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Stages is what kwok says of the pods on fake nodes, and how the tag of an image
// changes that.
//
//go:embed stages.yaml
var Stages string

// startFakes starts kwok and makes the fake nodes, and returns when pods can be
// scheduled onto them.
func (r *Region) startFakes(ctx context.Context) error {
	if r.lab.opt.FakeNodes == 0 {
		return nil
	}
	if err := os.WriteFile(r.path("stages.yaml"), []byte(Stages), 0o644); err != nil {
		return err
	}
	err := r.launch("kwok", "--kubeconfig="+r.own(), "--config="+r.path("stages.yaml"),
		"--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake", "--node-lease-duration-seconds=40",
		"--node-ip=127.0.0.1", fmt.Sprintf("--node-port=%d", r.kwok.Port),
		"--tls-cert-file="+r.path("pki", "server.crt"), "--tls-private-key-file="+r.path("pki", "server.key"))
	if err != nil {
		return err
	}
	for n := range r.lab.opt.FakeNodes {
		_, err := r.Client.CoreV1().Nodes().Create(ctx, r.fakeNode(n), meta.CreateOptions{})
		if err != nil && !errors.IsAlreadyExists(err) {
			return fmt.Errorf("make a fake node: %w", err)
		}
	}
	return r.await(ctx, "the fake nodes do not get ready", func(ctx context.Context) bool {
		return r.readyNodes(ctx) >= r.lab.opt.FakeNodes
	})
}

func (r *Region) fakeNode(n int) *core.Node {
	name := fmt.Sprintf("%s-fake-%d", r.Name, n+1)
	return &core.Node{ObjectMeta: meta.ObjectMeta{
		Name:        name,
		Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"},
		Labels: map[string]string{
			core.LabelHostname: name, core.LabelOSStable: "linux", core.LabelArchStable: "amd64",
			core.LabelTopologyRegion: r.Name, core.LabelTopologyZone: r.Name + string(rune('a'+n)),
		},
	}}
}

// readyNodes counts the nodes that take pods.
func (r *Region) readyNodes(ctx context.Context) int {
	nodes, err := r.Client.CoreV1().Nodes().List(ctx, meta.ListOptions{})
	if err != nil {
		return 0
	}
	ready := 0
	for _, node := range nodes.Items {
		for _, c := range node.Status.Conditions {
			if c.Type == core.NodeReady && c.Status == core.ConditionTrue && len(node.Spec.Taints) == 0 {
				ready++
			}
		}
	}
	return ready
}
