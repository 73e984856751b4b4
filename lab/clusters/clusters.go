package clusters

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/lab/gitops"
	"github.com/rap-analyzer/rapbot/lab/kubernetes"
	"github.com/rap-analyzer/rapbot/lab/kubernetes/node"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// Namespace is where the fleet is in every cluster.
const Namespace = "rap-analyzer"

// selfFence is short, so that what waits for it does not take long.
const selfFence = 10 * time.Second

// servers are the names of PostgreSQL's StatefulSets and Services, by region.
var servers = map[string]string{"us-east-1": "postgresql-primary", "us-west-2": "postgresql-replica", "eu-west-1": "postgresql-replica"}

// The Secrets that the regions' values name, the same in all of them.
var secrets = []string{"postgresql-superuser", "postgresql-replication", "postgresql-rapbot", "postgresql-monitor", "rap-analyzer-database"}

// Options say where the fleet lives.
type Options struct {
	Dir      string // for data and logs, made when absent
	Workload string // the binary of lab/workload
	Progress io.Writer
	Log      func(string, ...any)
	ArgoCD   bool // the application is kept by Argo CD, which runs in the last region
}

// Fleet is three clusters.
type Fleet struct {
	*kubernetes.Lab
	dir       string
	passwords map[string]string // by Secret
	addresses map[string]netip.Addr
	argo      *gitops.Argo // nil without
	rows      rows
}

// Start starts three clusters with nothing in them but a namespace and the
// passwords, as the people who run Kubernetes hand them over.
func Start(ctx context.Context, opt Options) (_ *Fleet, err error) {
	postgres, err := regions.FindInstallation()
	if err != nil {
		return nil, err
	}
	f := &Fleet{dir: opt.Dir, passwords: map[string]string{}, addresses: map[string]netip.Addr{}}
	f.rows = rows{dir: f.acknowledged(), read: map[string]int64{}}
	for _, s := range secrets {
		f.passwords[s] = rand.Text()
	}
	if err := os.MkdirAll(f.acknowledged(), 0o777); err != nil {
		return nil, err
	}
	if err := errors.Join(os.Chmod(opt.Dir, 0o755), os.Chmod(f.acknowledged(), 0o777)); err != nil { // pods write there, as another user
		return nil, err
	}
	f.Lab, err = kubernetes.Start(ctx, kubernetes.Options{
		Dir: filepath.Join(opt.Dir, "clusters"), Progress: opt.Progress, Log: opt.Log,
		Images: node.Images{"postgres": {Path: []string{postgres.Dir}}, "rap-analyzer": {Entrypoint: []string{opt.Workload}}},
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.End())
		}
	}()
	for _, r := range f.Lab.Regions() {
		if f.addresses[r.Name], err = r.Node.ServiceAddress(Namespace, servers[r.Name], ""); err != nil {
			return nil, err
		}
		if err := f.handOver(ctx, r); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	if err := f.writeValues(); err != nil {
		return nil, err
	}
	if opt.ArgoCD {
		if err := f.startArgo(ctx, opt.Log); err != nil {
			return nil, err
		}
	}
	return f, f.employ(ctx)
}

// handOver makes the namespace and the Secrets.
func (f *Fleet) handOver(ctx context.Context, r *kubernetes.Region) error {
	if err := makeNamespace(ctx, r, Namespace); err != nil {
		return err
	}
	for name, password := range f.passwords {
		s := &core.Secret{ObjectMeta: meta.ObjectMeta{Name: name}, StringData: map[string]string{"password": password}}
		if _, err := r.Client.CoreV1().Secrets(Namespace).Create(ctx, s, meta.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}

// World are the regions as rapbot's configuration has them.
func (f *Fleet) World() []world.Region {
	var all []world.Region
	for _, r := range f.Lab.Regions() {
		all = append(all, world.Region{
			Name: r.Name, DSN: f.dsn(r.Name, "rapbot", "postgresql-rapbot"), Address: f.address(r.Name), SelfFence: selfFence,
			Config: fmt.Sprintf("kubernetes:\n  kubeconfig: %q\n  context: %s\n  helm_history: configmaps\n  app: {values: [%q]}\n  database: {values: [%q]}\n",
				f.kubeconfig(), r.Name, f.values("app", r.Name), f.values("postgresql", r.Name)),
		})
	}
	return all
}

// DSN is how the application's login reaches a region's server.
func (f *Fleet) DSN(region string) string { return f.dsn(region, "app", "rap-analyzer-database") }

// Host is the address under which a region's server is reached.
func (f *Fleet) Host(region string) string { return f.addresses[region].String() }

func (f *Fleet) address(region string) string { return f.Host(region) + ":5432" }

func (f *Fleet) dsn(region, user, secret string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, f.passwords[secret]), Host: f.address(region), Path: "/rap", RawQuery: "sslmode=disable"}
	return u.String()
}

func (f *Fleet) acknowledged() string { return filepath.Join(f.dir, "acknowledged") }

func (f *Fleet) values(chart, region string) string {
	return filepath.Join(f.dir, chart+"-"+region+".yaml")
}

// setting is what a region's ConfigMap holds.
func (f *Fleet) setting(ctx context.Context, r *kubernetes.Region, name string) (map[string]string, error) {
	m, err := r.Client.CoreV1().ConfigMaps(Namespace).Get(ctx, name, meta.GetOptions{})
	if err != nil {
		return nil, err
	}
	return m.Data, nil
}

// pending lists the releases that are left in the middle of something.
func (f *Fleet) pending(ctx context.Context) string {
	var all []string
	for _, r := range f.Lab.Regions() {
		list, err := r.Client.CoreV1().ConfigMaps(Namespace).List(ctx, meta.ListOptions{LabelSelector: "owner=helm"})
		if err != nil {
			return err.Error()
		}
		for _, s := range list.Items {
			if strings.HasPrefix(s.Labels["status"], "pending") {
				all = append(all, r.Name+" "+s.Name)
			}
		}
	}
	return strings.Join(all, ", ")
}
