package realnodes

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/charts"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// Namespace is where the fleet is in every cluster.
const Namespace = "rap-analyzer"

// SelfFence is how long a primary goes on that nobody answers any more. In production it is longer.
const SelfFence = 10 * time.Second

// Fleet is the regions with what the people who run Kubernetes hand over: a namespace, passwords and certificates, and the values of each region.
type Fleet struct {
	*Lab
	passwords map[string]string // by Secret
	secure    map[string]string // the certificate of opsAddress, as a Secret has it
}

// secrets are those that the shipped values name, the same in all regions.
var secrets = []string{"postgresql-superuser", "postgresql-replication", "postgresql-rapbot", "postgresql-monitor", "rap-analyzer-database"}

// HandOver makes the fleet's namespace and Secrets in each region, and writes its values.
func (l *Lab) HandOver(ctx context.Context) (*Fleet, error) {
	f := &Fleet{Lab: l, passwords: map[string]string{}}
	for _, secret := range secrets {
		f.passwords[secret] = rand.Text()
	}
	names := []string{opsAddress}
	for _, region := range Names {
		names = append(names, DatabaseName(region))
	}
	ca, servers, err := certificates(names...)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(f.caFile(), []byte(ca), 0o644); err != nil {
		return nil, err
	}
	f.secure = servers[opsAddress]
	for _, r := range l.regions {
		if err := errors.Join(f.handOver(ctx, r, servers[DatabaseName(r.Name)]), f.writeValues(r)); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return f, nil
}

func (f *Fleet) handOver(ctx context.Context, r *Region, certificate map[string]string) error {
	namespace := &core.Namespace{ObjectMeta: meta.ObjectMeta{Name: Namespace}}
	if _, err := r.Client.CoreV1().Namespaces().Create(ctx, namespace, meta.CreateOptions{}); err != nil {
		return err
	}
	contents := map[string]map[string]string{"postgresql-tls": certificate}
	for name, password := range f.passwords {
		contents[name] = map[string]string{"password": password}
	}
	for name, content := range contents {
		s := &core.Secret{ObjectMeta: meta.ObjectMeta{Name: name}, StringData: content}
		if _, err := r.Client.CoreV1().Secrets(Namespace).Create(ctx, s, meta.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

func (f *Fleet) caFile() string { return filepath.Join(f.Dir, "ca.crt") }

// Values are the files of values of a chart in a region: the shipped ones, and those over them that fit the charts to this machine, which is smaller than
// a region's.
func (f *Fleet) Values(chart, region string) []string {
	return []string{filepath.Join(f.Dir, chart+"-"+region+".yaml"), filepath.Join(f.Dir, chart+"-"+region+"-lab.yaml")}
}

// The charts, by their folders.
const (
	appChart      = "rap-analyzer"
	databaseChart = "postgresql"
)

func (f *Fleet) writeValues(r *Region) error {
	shipped := map[string]string{appChart: "values-", databaseChart: "postgresql-"}
	fitting := map[string]string{
		databaseChart: fmt.Sprintf(`image: {tag: %s}
resources: {requests: {cpu: 50m, memory: 128Mi}, limits: {memory: 512Mi}}
config: {max_connections: 60, shared_buffers: 32MB, effective_cache_size: 64MB}
storage: {size: 1Gi}
backup: {storage: {size: 1Gi}}
exporter: {enabled: false}
gate: {selfFence: %d, every: 1}
`, PostgresTag, int(SelfFence.Seconds())),
		appChart: fmt.Sprintf(`image: {tag: %s}
replicaCount: 1
resources:
  primary: {requests: {cpu: 10m, memory: 32Mi}, limits: {memory: 128Mi}}
  replica: {requests: {cpu: 10m, memory: 32Mi}, limits: {memory: 128Mi}}
config: {ACKNOWLEDGED_FILE: %s}
`, AppTag, acknowledgedFile),
	}
	for chart, prefix := range shipped {
		text, err := charts.FS.ReadFile("multi-region/" + prefix + r.Name + ".yaml")
		if err != nil {
			return err
		}
		files := f.Values(chart, r.Name)
		if err := errors.Join(os.WriteFile(files[0], text, 0o644), os.WriteFile(files[1], []byte(fitting[chart]), 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// DSN is how a login reaches a region's server over the WAN.
func (f *Fleet) DSN(region, user string) string {
	secret := map[string]string{"rapbot": "postgresql-rapbot", "app": "rap-analyzer-database"}[user]
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, f.passwords[secret]), Host: DatabaseName(region) + ":5432", Path: "/rap",
		RawQuery: url.Values{"sslmode": {"verify-full"}, "sslrootcert": {f.caFile()}}.Encode(),
	}
	return u.String()
}

// World are the regions as rapbot's configuration has them.
func (f *Fleet) World() []world.Region {
	var all []world.Region
	for _, r := range f.regions {
		app, database := f.Values(appChart, r.Name), f.Values(databaseChart, r.Name)
		all = append(all, world.Region{
			Name: r.Name, DSN: f.DSN(r.Name, "rapbot"), Address: DatabaseName(r.Name) + ":5432", SelfFence: SelfFence,
			Config: fmt.Sprintf("kubernetes:\n  kubeconfig: %q\n  context: %s\n  app: {values: [%q, %q]}\n  database: {values: [%q, %q]}\n",
				r.Kubeconfig, r.Name, app[0], app[1], database[0], database[1]),
		})
	}
	return all
}
