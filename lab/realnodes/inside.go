package realnodes

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/rap-analyzer/rapbot/lab/kubernetes"
)

// inside is a machine as it sees itself.
type inside struct {
	orders
	control *kubernetes.Lab
	region  *kubernetes.Region

	mu    sync.Mutex
	took  map[string]time.Duration
	close []func() // in the order of opening
}

// machineMain is what runs in a machine's namespaces. It ends when its input does.
func machineMain() error {
	m := &inside{took: map[string]time.Duration{}}
	if err := json.Unmarshal([]byte(os.Getenv(ordersVariable)), &m.orders); err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	defer m.end()
	said := bufio.NewReader(os.Stdin)
	if err := m.settle(); err != nil {
		return m.answer(err)
	}
	if _, err := said.ReadString('\n'); err != nil {
		return nil // the lab has given up
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute)
	defer stop()
	if err := m.answer(m.boot(ctx)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, said) // until the lab closes it
	return err
}

// answer tells the lab how the machine fares.
func (m *inside) answer(err error) error {
	r := report{Kubeconfig: m.outward(), Took: m.took}
	if err != nil {
		r.Error = err.Error()
	}
	return errors.Join(err, json.NewEncoder(os.Stdout).Encode(r))
}

// whenDone remembers what ends something that was started.
func (m *inside) whenDone(end func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.close = append(m.close, end)
}

func (m *inside) end() {
	for n := len(m.close) - 1; n >= 0; n-- {
		m.close[n]()
	}
}

func (m *inside) path(names ...string) string {
	return filepath.Join(append([]string{m.Dir}, names...)...)
}

// private are folders in which a node leaves things. Each machine has its own, in memory.
var private = []string{"/run", "/var/lib/kubelet", "/var/lib/cni", "/var/log"}

// settle makes the machine's mounts and its control groups.
func (m *inside) settle() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	for _, dir := range private {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
			return fmt.Errorf("mount %s: %w", dir, err)
		}
	}
	if err := unix.Sethostname([]byte(m.Region)); err != nil {
		return fmt.Errorf("name the machine: %w", err)
	}
	return m.makeCgroups()
}

// makeCgroups makes the machine's group in every hierarchy. One of cpuset can hold nothing before it has processors and memory.
func (m *inside) makeCgroups() error {
	run := &Run{ID: m.Run}
	for _, hierarchy := range hierarchies() {
		group := run.cgroup(hierarchy, m.Region)
		if err := os.Mkdir(group, 0o755); err != nil {
			return err
		}
		if hierarchy != "cpuset" {
			continue
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			all, err := os.ReadFile(filepath.Join(cgroupRoot, hierarchy, file))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(group, file), all, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// boot starts everything and returns when the node is ready for pods.
func (m *inside) boot(ctx context.Context) error {
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return err
	}
	var all errgroup.Group
	all.Go(func() error { return m.timed("control plane", func() error { return m.startControl(ctx) }) })
	all.Go(func() error { return m.timed("containerd and images", func() error { return m.startContainerd(ctx) }) })
	if err := all.Wait(); err != nil {
		return err
	}
	return m.timed("node ready", func() error { return m.startNode(ctx) })
}

func (m *inside) timed(what string, do func() error) error {
	began := time.Now()
	err := do()
	m.mu.Lock()
	m.took[what] = time.Since(began)
	m.mu.Unlock()
	return err
}

// startControl starts the region's control plane, on this machine's loopback, and makes it reachable from other regions.
func (m *inside) startControl(ctx context.Context) error {
	control, err := kubernetes.Start(ctx, kubernetes.Options{Dir: m.path("control"), Names: []string{m.Region}, Program: m.Cluster})
	if err != nil {
		return err
	}
	m.control, m.region = control, control.Regions()[0]
	m.whenDone(func() { _ = control.Close() }) // what remains ends with the run
	serving, stop := context.WithCancel(context.Background())
	m.whenDone(stop)
	names, err := serveNames(m.Network.Node(), services(serving, m.region.Client))
	if err != nil {
		return err
	}
	m.whenDone(func() { _ = names.Close() })
	if err := m.forward(); err != nil {
		return err
	}
	return errors.Join(m.publish(ctx), m.balance(), m.writeOutward())
}

// publish leads the Service "kubernetes" to the API server, as an API server does itself that does not listen on loopback.
func (m *inside) publish(ctx context.Context) error {
	yes, port, name, protocol := true, int32(6443), "https", core.ProtocolTCP
	slice := &discovery.EndpointSlice{
		ObjectMeta:  meta.ObjectMeta{Name: "kubernetes", Labels: map[string]string{discovery.LabelServiceName: "kubernetes"}},
		AddressType: discovery.AddressTypeIPv4,
		Endpoints:   []discovery.Endpoint{{Addresses: []string{m.Network.Node()}, Conditions: discovery.EndpointConditions{Ready: &yes}}},
		Ports:       []discovery.EndpointPort{{Name: &name, Port: &port, Protocol: &protocol}},
	}
	_, err := m.region.Client.DiscoveryV1().EndpointSlices(meta.NamespaceDefault).Create(ctx, slice, meta.CreateOptions{})
	return err
}

// outward is the kubeconfig that leads here from other regions.
func (m *inside) outward() string { return m.path("kubeconfig") }

// writeOutward writes it. The API server has a certificate for loopback, which is what is asked for under the outer address too.
func (m *inside) writeOutward() error {
	config := api.NewConfig()
	admin := m.region.Config
	config.Clusters[m.Region] = &api.Cluster{
		Server: "https://" + m.Network.Node() + apiPort, TLSServerName: "localhost", CertificateAuthorityData: admin.CAData,
	}
	config.AuthInfos[m.Region] = &api.AuthInfo{ClientCertificateData: admin.CertData, ClientKeyData: admin.KeyData}
	config.Contexts[m.Region] = &api.Context{Cluster: m.Region, AuthInfo: m.Region}
	config.CurrentContext = m.Region
	return clientcmd.WriteToFile(*config, m.outward())
}
