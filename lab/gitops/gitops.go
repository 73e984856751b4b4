package gitops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/dynamic"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/kubernetes"
	"github.com/rap-analyzer/rapbot/lab/kubernetes/binary"
	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// Namespace is Argo CD's, in the cluster that it runs in.
const Namespace = "argocd"

// Options say what Argo CD works with.
type Options struct {
	Dir      string               // for its files, made when absent
	Home     *kubernetes.Region   // whose API server holds its objects
	Clusters []*kubernetes.Region // that it brings Applications to, under their names
	Log      func(string, ...any)
}

// Argo is a running Argo CD.
type Argo struct {
	Repository *Repository
	Dynamic    dynamic.Interface // of its own cluster

	opt      Options
	program  string
	children []*child.Child
	ports    []loopback.Reservation
}

// Start starts it and returns when its API server knows its kinds and its programs
// run. When it fails nothing is left.
func Start(ctx context.Context, opt Options) (_ *Argo, err error) {
	a := &Argo{opt: opt}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.program, err = binary.Argo.Find(ctx); err != nil {
		return nil, err
	}
	if err = os.MkdirAll(filepath.Join(opt.Dir, "bin"), 0o755); err != nil {
		return nil, err
	}
	if a.Repository, err = newRepository(ctx, filepath.Join(opt.Dir, "repository")); err != nil {
		return nil, err
	}
	if a.Dynamic, err = dynamic.NewForConfig(opt.Home.Config); err != nil {
		return nil, err
	}
	if err = a.equip(ctx); err != nil {
		return nil, err
	}
	return a, a.startPrograms()
}

// startPrograms starts what Argo CD consists of.
func (a *Argo) startPrograms() error {
	addresses := map[string]loopback.Reservation{}
	for _, name := range []string{"redis", "repository", "repository metrics", "sets metrics", "sets probe", "sets webhook"} {
		port, err := loopback.Reserve()
		if err != nil {
			return err
		}
		a.ports = append(a.ports, port)
		addresses[name] = port
	}
	redis, repository := addresses["redis"].Addr(), addresses["repository"].Addr()
	for _, name := range []string{"helm", "redis-server", "argocd-repo-server", "argocd-application-controller", "argocd-applicationset-controller"} {
		if err := os.Symlink(a.program, a.path("bin", name)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	// The repository server asks for this by name, whether or not signatures matter.
	if err := os.WriteFile(a.path("bin", "git-verify-wrapper.sh"), []byte("#!/bin/sh\ngit verify-commit \"$1\" 2>&1\nexit 0\n"), 0o755); err != nil {
		return err
	}
	quiet := "--loglevel=info"
	return errors.Join(
		a.launch("redis-server", redis),
		a.launch("argocd-repo-server", "--address=127.0.0.1", fmt.Sprintf("--port=%d", addresses["repository"].Port),
			"--metrics-address=127.0.0.1", fmt.Sprintf("--metrics-port=%d", addresses["repository metrics"].Port), "--redis="+redis, "--disable-tls", "--client-ca-path=", quiet),
		a.launch("argocd-application-controller", "--namespace="+Namespace, "--repo-server="+repository, "--repo-server-plaintext", "--redis="+redis, "--metrics-port=0", quiet),
		a.launch("argocd-applicationset-controller", "--namespace="+Namespace, "--argocd-repo-server="+repository, "--repo-server-plaintext",
			"--metrics-addr="+addresses["sets metrics"].Addr(), "--probe-addr="+addresses["sets probe"].Addr(), "--webhook-addr="+addresses["sets webhook"].Addr(), quiet),
	)
}

// launch starts one program; what it says goes to a file of its name.
func (a *Argo) launch(name string, args ...string) error {
	log, err := os.Create(a.path(name + ".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(a.path("bin", name), args...)
	cmd.Dir = a.opt.Dir
	cmd.Env = []string{
		"PATH=" + a.path("bin") + ":" + os.Getenv("PATH"), "HOME=" + a.path("home"), "TMPDIR=" + a.path("tmp"), "TZ=UTC", "KUBECONFIG=" + a.path("kubeconfig"),
		"ARGOCD_GPG_ENABLED=false", "ARGOCD_ASK_PASS_SOCK=" + a.path("ask"), "ARGOCD_APP_CONF_PATH=" + a.path("conf"), "GOGC=50",
	}
	cmd.Stdout, cmd.Stderr = log, log
	running, err := child.Start(cmd)
	if err == nil {
		a.children = append(a.children, running)
	}
	return err
}

func (a *Argo) path(names ...string) string {
	return filepath.Join(append([]string{a.opt.Dir}, names...)...)
}

// Casualty names a program that has ended by itself; empty when all run.
func (a *Argo) Casualty() string {
	for _, c := range a.children {
		if !c.Alive() {
			return c.State()
		}
	}
	return ""
}

// Close ends Argo CD. What it has brought to the clusters stays.
func (a *Argo) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var all error
	for _, c := range a.children {
		all = errors.Join(all, c.End(ctx, syscall.SIGKILL))
	}
	for _, p := range a.ports {
		p.Release()
	}
	a.children, a.ports = nil, nil
	return all
}

// LogFile is where a program writes what it says, argocd-repo-server for example.
func (a *Argo) LogFile(program string) string { return a.path(program + ".log") }
