package kubernetes

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot/lab/kubernetes/node"
	"github.com/rap-analyzer/rapbot/lab/line"
	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// Region is the Kubernetes of one region.
type Region struct {
	Name   string
	Node   *node.Node           // runs pods as processes; nil without images
	Config *rest.Config         // the cluster admin's, which nothing but Freeze disturbs; to be copied, not changed
	Client kubernetes.Interface // of Config
	Admin  string               // the kubeconfig that leads to this region as the cluster admin over the line from Outside

	lab *Lab
	dir string

	etcd, api, kwok, outside loopback.Reservation

	authority *authority
	gate      gate
	volumes   *volumes // nil while the region does not run

	life sync.Mutex // held to start and to end the programs

	mu       sync.Mutex
	programs []*program // as they were started
	frozen   bool
}

// newRegion lays the region's files out and starts nothing.
func newRegion(l *Lab, name string) (*Region, error) {
	r := &Region{Name: name, lab: l, dir: filepath.Join(l.dir, name)}
	r.Admin = r.path("kubeconfig")
	for _, dir := range []string{r.path("pki"), r.path("etcd")} {
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	if err := os.Chmod(r.dir, 0o711); err != nil {
		return nil, err
	}
	for _, held := range r.ports() {
		port, err := loopback.Reserve()
		if err != nil {
			return nil, errors.Join(err, r.finish())
		}
		*held = port
	}
	r.gate.region = r
	if err := r.equip(); err != nil {
		return nil, errors.Join(err, r.finish())
	}
	if len(l.opt.Images) == 0 {
		return r, nil
	}
	var err error
	r.Node, err = node.New(node.Options{
		Name: name + "-1", Region: name, Dir: r.path("node"), Config: r.Config, Clients: r.authority.pem, Serving: r.authority.serving,
		Images: l.opt.Images, Line: func(inode string) *line.Line { return l.lineTo(name, inode) }, Log: l.opt.Log,
	})
	if err != nil {
		return nil, errors.Join(err, r.finish())
	}
	return r, nil
}

func (r *Region) ports() []*loopback.Reservation {
	return []*loopback.Reservation{&r.etcd, &r.api, &r.kwok, &r.outside}
}

// equip makes the region's certificates and the admin's way in.
func (r *Region) equip() error {
	ca, err := newAuthority(r.Name)
	if err != nil {
		return err
	}
	r.authority = ca
	admin, err := ca.client("lab-admin", "system:masters")
	if err != nil {
		return err
	}
	kubelets, err := ca.client("kube-apiserver-kubelet-client", "system:masters")
	if err != nil {
		return err
	}
	server, err := ca.server(serviceAddress)
	if err != nil {
		return err
	}
	if err := errors.Join(server.write(r.path("pki"), "server"), kubelets.write(r.path("pki"), "kubelets")); err != nil {
		return err
	}
	tokens, err := newTokenKey()
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{"ca.crt": ca.pem, "tokens.key": tokens} {
		if err := os.WriteFile(r.path("pki", name), text, 0o600); err != nil {
			return err
		}
	}
	r.Config = adminConfig("https://"+r.api.Addr(), ca, admin)
	if r.Client, err = kubernetes.NewForConfig(r.Config); err != nil {
		return err
	}
	if err := writeKubeconfig(r.Admin, r); err != nil {
		return err
	}
	return writeOwnKubeconfig(r.own(), r)
}

// Serving makes a certificate for what serves in the region, such as a kubelet: the API server
// trusts it.
func (r *Region) Serving(ip net.IP) (tls.Certificate, error) { return r.authority.serving(ip) }

// ClientCA is the authority, in PEM, of those who may be the region's clients.
func (r *Region) ClientCA() []byte { return r.authority.pem }

func (r *Region) path(names ...string) string {
	return filepath.Join(append([]string{r.dir}, names...)...)
}

// LogFile is where a program writes its log, kube-apiserver for example.
func (r *Region) LogFile(program string) string { return r.path(program + ".log") }

// startTime is how long a region may take until it is ready, on a loaded machine.
const startTime = 2 * time.Minute

// Start starts the region, with everything that it had when it was stopped or
// killed, and returns when it is ready. A region that runs is a success.
func (r *Region) Start(ctx context.Context) error {
	r.life.Lock()
	defer r.life.Unlock()
	if r.running() {
		return r.startNode(ctx)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := r.start(ctx); err != nil {
		return fmt.Errorf("start %s: %w", r.Name, errors.Join(err, r.end(syscall.SIGKILL)))
	}
	r.lab.opt.Log("%s is ready after %s", r.Name, time.Since(began).Round(time.Millisecond))
	return nil
}

// Freeze stops the API server in its tracks: connections are taken and nothing
// answers, as with a machine that hangs.
func (r *Region) Freeze() error { return r.freeze(true) }

// Thaw lets the API server go on. One that is not frozen is a success.
func (r *Region) Thaw() error { return r.freeze(false) }

// Frozen says whether the API server is.
func (r *Region) Frozen() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frozen
}

func (r *Region) freeze(wanted bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	api := r.program("kube-apiserver")
	if r.frozen == wanted {
		return nil
	}
	if api == nil {
		return fmt.Errorf("freeze %s: it does not run", r.Name)
	}
	if err := api.freeze(wanted); err != nil {
		return fmt.Errorf("freeze %s: %w", r.Name, err)
	}
	r.frozen = wanted
	r.lab.opt.Log("%s frozen: %v", r.Name, wanted)
	return nil
}

// Kill ends everything in the region at once, its node too, as a power cut would. It can be started again.
func (r *Region) Kill() error {
	r.life.Lock()
	defer r.life.Unlock()
	err := r.end(syscall.SIGKILL)
	if r.Node != nil {
		r.Node.Kill()
	}
	r.lab.opt.Log("%s is killed", r.Name)
	return err
}

// Stop ends the region's control plane in good order; pods run on. It can be started again.
func (r *Region) Stop() error {
	r.life.Lock()
	defer r.life.Unlock()
	r.lab.opt.Log("%s is stopped", r.Name)
	return r.end(syscall.SIGTERM)
}

// finish ends the region for good. Nothing of it is read again, so that killing it does.
func (r *Region) finish() error {
	err := r.Kill()
	if r.Node != nil {
		r.Node.Close()
	}
	for _, held := range r.ports() {
		if held.Port != 0 {
			held.Release()
			held.Port = 0
		}
	}
	return err
}
