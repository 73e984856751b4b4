package realnodes

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
)

// databasePod is the pod of a region's PostgreSQL.
func (f *Fleet) databasePod(ctx context.Context, r *Region) (*core.Pod, error) {
	pods, err := r.Client.CoreV1().Pods(Namespace).List(ctx, meta.ListOptions{LabelSelector: "app=postgresql"})
	if err != nil {
		return nil, err
	}
	if len(pods.Items) != 1 {
		return nil, fmt.Errorf("%s has %d pods of PostgreSQL", r.Name, len(pods.Items))
	}
	return &pods.Items[0], nil
}

// Ask asks a region's PostgreSQL, as its superuser in its pod.
func (f *Fleet) Ask(ctx context.Context, r *Region, query string) (string, error) {
	pod, err := f.databasePod(ctx, r)
	if err != nil {
		return "", err
	}
	request := r.Client.CoreV1().RESTClient().Post().Resource("pods").Namespace(Namespace).Name(pod.Name).SubResource("exec").
		VersionedParams(&core.PodExecOptions{
			Container: "postgresql", Command: []string{"psql", "-XAtq", "-U", "postgres", "-d", "rap", "-c", query}, Stdout: true, Stderr: true,
		}, scheme.ParameterCodec)
	way, err := remotecommand.NewWebSocketExecutor(r.Config, "GET", request.URL().String())
	if err != nil {
		return "", err
	}
	var out, said bytes.Buffer
	if err := way.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &said}); err != nil {
		return "", fmt.Errorf("ask %s: %w: %s", r.Name, err, said.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// Gate is what the boot gate of a region's PostgreSQL says of itself. It is read on the node's disk, so a region that is cut off can be looked at too.
func (f *Fleet) Gate(r *Region) (string, error) {
	files, err := filepath.Glob(filepath.Join(r.Dir, "kubelet/pods/*/volumes/kubernetes.io~empty-dir/run/gate/state"))
	if err != nil {
		return "", err
	}
	var states []string
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil { // an error says that the pod has gone
			states = append(states, strings.TrimSpace(string(text)))
		}
	}
	return strings.Join(states, "; "), nil
}
