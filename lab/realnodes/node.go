package realnodes

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

const containerdSocket = "/run/containerd/containerd.sock"

// environment has the unpacked packages before this machine's own programs.
func (m *inside) environment() []string {
	return []string{"PATH=" + toolPath(m.Tools) + ":" + os.Getenv("PATH"), libraryPath(m.Tools), "HOME=" + m.Dir, "TZ=UTC", "GOGC=50"}
}

// launch starts a program that runs as long as the machine does.
func (m *inside) launch(name, program string, args ...string) (*child.Child, error) {
	log, err := os.Create(m.path(name + ".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Args[0] = name
	cmd.Env, cmd.Dir = m.environment(), m.Dir
	cmd.Stdout, cmd.Stderr = log, log
	c, err := child.Start(cmd)
	if err != nil {
		return nil, err
	}
	m.whenDone(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if c.End(ctx, syscall.SIGTERM) != nil {
			_ = c.Signal(syscall.SIGKILL) // it ends with the run at the latest
		}
	})
	return c, nil
}

// ready waits until so, unless a program ends before that.
func (m *inside) ready(ctx context.Context, name string, c *child.Child, so func() bool) error {
	err := wait.Until(ctx, 50*time.Millisecond, func() bool { return !c.Alive() || so() })
	if err == nil && c.Alive() {
		return nil
	}
	text, errLog := os.ReadFile(m.path(name + ".log"))
	return fmt.Errorf("%s does not get ready: %w: %s", name, errors.Join(err, errLog), child.LastLines(string(text), 5))
}

// write writes one of the node's settings.
func (m *inside) write(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(m.path(name)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(m.path(name), []byte(text), 0o600)
}

// startContainerd starts containerd and gives it the images.
func (m *inside) startContainerd(ctx context.Context) error {
	pods := fmt.Sprintf(`{"cniVersion": "1.0.0", "name": "lab", "plugins": [
	{"type": "bridge", "bridge": "pods0", "isGateway": true, "hairpinMode": true,
	 "ipam": {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": %q}]], "routes": [{"dst": "0.0.0.0/0"}]}},
	{"type": "loopback"}]}`, m.path("ipam"), m.Network.Pods())
	// A negative oom_score_adj needs a capability that root does not have everywhere.
	config := fmt.Sprintf(`version = 2
root = %[1]q
state = "/run/containerd"
[grpc]
address = %[2]q
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = %[3]q
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = %[4]q
conf_dir = %[5]q
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = %[6]q
`, m.path("containerd"), containerdSocket, pauseImage, filepath.Join(m.Tools, "usr/lib/cni"), m.path("cni"), filepath.Join(m.Tools, "usr/sbin/runc"))
	if err := errors.Join(m.write("cni/10-lab.conflist", pods), m.write("containerd.toml", config)); err != nil {
		return err
	}
	c, err := m.launch("containerd", filepath.Join(m.Tools, "usr/bin/containerd"), "--config", m.path("containerd.toml"))
	if err != nil {
		return err
	}
	if err := m.ready(ctx, "containerd", c, func() bool { return m.ctr(ctx, "version") == nil }); err != nil {
		return err
	}
	for _, archive := range m.Images {
		if err := m.ctr(ctx, "images", "import", archive); err != nil {
			return err
		}
	}
	return nil
}

// ctr runs containerd's own client on the images and containers of Kubernetes.
func (m *inside) ctr(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(m.Tools, "usr/bin/ctr"), append([]string{"--address", containerdSocket, "--namespace", "k8s.io"}, args...)...)
	cmd.Env = m.environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, child.LastLines(string(out), 3))
	}
	return nil
}

// startNode starts the kubelet and kube-proxy, and waits for the node.
func (m *inside) startNode(ctx context.Context) error {
	if err := m.equip(); err != nil {
		return err
	}
	kubelet, err := m.launch("kubelet", m.Node, "--config="+m.path("kubelet.yaml"), "--kubeconfig="+m.region.Admin, "--hostname-override="+m.Region,
		"--node-ip="+m.Network.Node(), "--root-dir="+m.path("kubelet"), "--cert-dir="+m.path("pki"),
		"--node-labels="+core.LabelTopologyRegion+"="+m.Region)
	if err != nil {
		return err
	}
	proxy, err := m.launch("kube-proxy", m.Node, "--config="+m.path("proxy.yaml"), "--hostname-override="+m.Region)
	if err != nil {
		return err
	}
	if err := m.ready(ctx, "kubelet", kubelet, func() bool { return m.isReady(ctx) }); err != nil {
		return err
	}
	return m.ready(ctx, "kube-proxy", proxy, func() bool { return true })
}

// equip writes the settings of the kubelet and of kube-proxy.
func (m *inside) equip() error {
	pair, err := m.region.Serving(net.ParseIP(m.Network.Node()))
	if err != nil {
		return err
	}
	key, err := x509.MarshalECPrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		return err
	}
	cgroup := cgroupPrefix + m.Run + "-" + m.Region
	return errors.Join(
		m.write("pki/node.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))),
		m.write("pki/node.key", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key}))),
		m.write("pki/ca.crt", string(m.region.ClientCA())),
		m.write("resolv.conf", "nameserver "+m.Network.Node()+"\n"),
		m.write("kubelet.yaml", fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /%s
containerRuntimeEndpoint: unix://%s
tlsCertFile: %s
tlsPrivateKeyFile: %s
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: %s}}
authorization: {mode: AlwaysAllow}
resolvConf: %s
clusterDomain: cluster.local
clusterDNS: [%s]
enforceNodeAllocatable: []
failSwapOn: false
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: "100Mi", nodefs.available: "1%%", imagefs.available: "1%%"}
nodeStatusUpdateFrequency: 5s
`, cgroup, containerdSocket, m.path("pki", "node.crt"), m.path("pki", "node.key"), m.path("pki", "ca.crt"), m.path("resolv.conf"), m.Network.Node())),
		m.write("proxy.yaml", fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: %s}
clusterCIDR: %s
conntrack: {maxPerCore: 0, min: 0}
`, m.region.Admin, m.Network.Pods())))
}

func (m *inside) isReady(ctx context.Context) bool {
	node, err := m.region.Client.CoreV1().Nodes().Get(ctx, m.Region, meta.GetOptions{})
	if err != nil || len(node.Spec.Taints) > 0 {
		return false
	}
	for _, c := range node.Status.Conditions {
		if c.Type == core.NodeReady {
			return c.Status == core.ConditionTrue
		}
	}
	return false
}
