package kubernetes

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/rap-analyzer/rapbot"
)

// Fleet is the clusters of all regions. Open makes one, Run keeps its memory
// fresh.
type Fleet struct {
	regions []*region
	opt     Options
	log     *zap.Logger
}

var (
	_ rapbot.Clusters  = (*Fleet)(nil)
	_ rapbot.Workloads = (*Fleet)(nil)
)

// region is one region with what reaches its cluster and what is known of it.
type region struct {
	RegionConfig
	clients
	memory *memory
	hosted []*region // the regions whose Application of Argo CD stands in this cluster

	mu       sync.Mutex
	argo     bool // its cluster knows Applications of Argo CD
	gitops   rapbot.GitOps
	vanished *vanished
}

// Open makes a Fleet. It connects to nothing, so that a dark region keeps
// nobody waiting; Run begins to look.
func Open(configs []RegionConfig, opt Options) (*Fleet, error) {
	opt = opt.filled()
	f := &Fleet{opt: opt, log: opt.Log}
	var trouble []error
	taken := map[string]string{}
	for _, c := range configs {
		c = c.filled()
		err := c.check()
		var clients clients
		if err == nil {
			clients, err = newClients(c.Rest)
		}
		if err != nil {
			trouble = append(trouble, fmt.Errorf("region %s: %s", c.Name, bounded(err.Error())))
			continue
		}
		for _, key := range []string{"name " + c.Name, "cluster and namespace " + c.Rest.Host + " " + c.Names.Namespace} {
			if other, has := taken[key]; has {
				trouble = append(trouble, fmt.Errorf("region %s: the same %s as %s", c.Name, key, other))
			}
			taken[key] = c.Name
		}
		f.regions = append(f.regions, &region{RegionConfig: c, clients: clients, memory: newMemory(c.Name)})
	}
	for _, r := range f.regions {
		host, err := f.of(r.GitOps.Region)
		if err != nil {
			trouble = append(trouble, fmt.Errorf("region %s: its Application of Argo CD is said to stand in %s, which has no cluster", r.Name, r.GitOps.Region))
			continue
		}
		host.hosted = append(host.hosted, r)
	}
	if len(trouble) > 0 {
		return nil, errors.Join(trouble...)
	}
	return f, nil
}

// What becomes part of a command that is shown can be typed as it stands.
var (
	contextShape  = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9_.@:/-]*)?$`)
	selectorShape = regexp.MustCompile(`^[A-Za-z0-9_.,=/-]+$`)
)

// check finds names and selectors that no cluster could have: they become part
// of requests, and of commands that people are shown.
func (c RegionConfig) check() error {
	if c.Rest == nil {
		return errors.New("no credentials for its cluster")
	}
	n := c.Names
	for what, name := range map[string]string{
		"namespace": n.Namespace, "deployment": n.Deployment, "config_map": n.ConfigMap, "cron_job": n.CronJob, "app_release": n.AppRelease, "database_release": n.DatabaseRelease,
		"gitops.namespace": c.GitOps.Namespace, "gitops.application": c.GitOps.Application, "stateful_set": n.sets()[0],
	} {
		if wrong := validation.IsDNS1123Subdomain(name); len(wrong) > 0 {
			return fmt.Errorf("%s: %q is no name that a cluster knows", what, name)
		}
	}
	for what, selector := range map[string]string{"app_selector": n.AppSelector, "database_selector": n.DatabaseSelector} {
		if _, err := labels.Parse(selector); err != nil || !selectorShape.MatchString(selector) {
			return fmt.Errorf("%s: %q is no selector of labels as in app=postgresql,role=primary", what, selector)
		}
	}
	if !contextShape.MatchString(c.Context) {
		return fmt.Errorf("context: %q cannot be shown in a command", c.Context)
	}
	return nil
}

// hostedNamespaces are those in which Applications of Argo CD are looked for.
func (r *region) hostedNamespaces() []string {
	var out []string
	for _, h := range r.hosted {
		out = append(out, h.GitOps.Namespace)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// hold takes in what one cluster says of the Applications of all its regions.
func hold(host *region, o objects) {
	for _, r := range host.hosted {
		app := gitopsOf(o.apps, r.GitOps.Namespace, r.GitOps.Application)
		r.mu.Lock()
		r.gitops = app
		r.mu.Unlock()
	}
}

// noteArgo takes in whether the cluster knows Applications at all.
func (r *region) noteArgo(known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.argo = known
}

func (r *region) argoNow() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.argo
}

func (r *region) gitopsNow() rapbot.GitOps {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gitops
}
