package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"go.uber.org/zap"
	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/charts"
	"github.com/rap-analyzer/rapbot/config"
	"github.com/rap-analyzer/rapbot/deploy"
	"github.com/rap-analyzer/rapbot/integrations/argocd"
	"github.com/rap-analyzer/rapbot/integrations/helm"
	"github.com/rap-analyzer/rapbot/integrations/kubernetes"
	"github.com/rap-analyzer/rapbot/integrations/prometheus"
)

// clusters are the regions' Kubernetes, Helm in them, and Argo CD.
type clusters struct {
	*kubernetes.Fleet
	helm     *helm.Helm
	argo     *argocd.Argo // nil when no region is kept by it
	releases rapbot.Releases
	topology func() rapbot.Topology // of the servers; set before anything is asked
	names    map[string]bool        // regions that have one
}

// openClusters is nil when no region's cluster is configured. It connects to
// nothing yet.
func openClusters(c *config.Config, log *zap.Logger) (*clusters, error) {
	k := &clusters{names: map[string]bool{}}
	var regions []kubernetes.RegionConfig
	var releases []helm.Region
	ways := map[string]*rest.Config{}
	for _, r := range c.Regions {
		if !r.Kubernetes.Configured() {
			continue
		}
		access, err := kubernetes.Load(kubernetes.Access{InCluster: r.Kubernetes.InCluster, Kubeconfig: r.Kubernetes.Kubeconfig, Context: r.Kubernetes.Context})
		if err != nil {
			return nil, fmt.Errorf("regions: %s: kubernetes.%w", r.Name, err)
		}
		k.names[r.Name], ways[r.Name] = true, access
		regions = append(regions, k.region(c, r, access))
		releases = append(releases, helmRegion(r, access))
	}
	if len(regions) == 0 {
		return nil, nil
	}
	var err error
	if k.Fleet, err = kubernetes.Open(regions, kubernetes.Options{Every: c.Limits.ObserveEvery, Timeout: c.Limits.ObserveTimeout, Log: log.Named("kubernetes")}); err != nil {
		return nil, err
	}
	if k.helm, err = helm.New(helm.Config{Regions: releases, Owner: "rapbot", Log: log.Named("helm")}); err != nil {
		return nil, err
	}
	k.argo, err = openArgo(c, ways)
	k.releases = kept{k.helm, k.argo, c.Deploy.ArgoCD}
	return k, err
}

func (k *clusters) region(c *config.Config, r config.Region, access *rest.Config) kubernetes.RegionConfig {
	o := r.Kubernetes.Objects
	return kubernetes.RegionConfig{
		Name: r.Name, Rest: access, Context: r.Kubernetes.Context,
		Names: kubernetes.Names{
			Namespace: r.Kubernetes.Namespace, Deployment: o.Deployment, StatefulSet: o.StatefulSet, ConfigMap: o.ConfigMap, HostKey: o.HostKey, CronJob: o.CronJob,
			AppRelease: releaseName(r.Kubernetes.App, "rap-analyzer", r.Name), DatabaseRelease: releaseName(r.Kubernetes.Database, "postgresql", r.Name),
		},
		GitOps:  gitopsOf(c, r.Name),
		SetRole: func(ctx context.Context, role rapbot.Role) error { return k.setRole(ctx, c, r.Name, role) },
		Volume:  kubernetes.VolumeConfig{Sources: sourcesOf(c), CopyTimeout: r.Instance.CopyTimeout},
	}
}

func releaseName(r config.Release, chart, region string) string {
	if r.Name != "" {
		return r.Name
	}
	return chart + "-" + region
}

func helmRegion(r config.Region, access *rest.Config) helm.Region {
	part := func(c config.Release, chart string) helm.Part {
		p := helm.Part{Release: releaseName(c, chart, r.Name), Chart: helm.Source{FS: charts.FS, Path: chart}}
		if c.Chart != "" {
			p.Chart = helm.Source{Path: c.Chart}
		}
		for _, file := range c.Values {
			p.Values = append(p.Values, helm.Source{Path: file})
		}
		return p
	}
	app := part(r.Kubernetes.App, "rap-analyzer")
	app.Base = map[string]any{"global": map[string]any{"region": r.Name}}
	return helm.Region{
		Name: r.Name, Namespace: r.Kubernetes.Namespace, History: r.Kubernetes.HelmHistory, Cluster: func() (*rest.Config, error) { return access, nil },
		Parts: map[rapbot.Part]helm.Part{rapbot.App: app, rapbot.Database: part(r.Kubernetes.Database, "postgresql")},
	}
}

// setRole notes in the release of a region's PostgreSQL as what it is to start,
// and whom it is to follow, where its entrypoint reads it.
func (k *clusters) setRole(ctx context.Context, c *config.Config, region string, role rapbot.Role) error {
	set := []string{"role=" + string(role), "replicas=1"}
	if p, one := k.topology().Primary(); one && role == rapbot.Replica {
		if host, port, err := net.SplitHostPort(sourcesOf(c)[p.Name]); err == nil {
			set = append(set, "primary.host="+host, "primary.port="+port, "epoch="+strconv.FormatUint(uint64(p.Server.Timeline), 10))
		}
	}
	_, err := k.helm.Apply(ctx, rapbot.Change{Region: region, Part: rapbot.Database, Set: set})
	return err
}

// deployer plans and carries out what changes releases.
func (k *clusters) deployer(c *config.Config, lag *prometheus.Lag) *deploy.Deployer {
	ports := deploy.Ports{Clusters: k, Workloads: k, Releases: k.releases, Topology: k.topology, Now: machineClock().Now}
	if k.argo != nil {
		ports.Keeper = k.argo
	}
	if lag != nil {
		ports.ErrorRate = lag.ErrorRate
	}
	return deploy.New(ports, deploy.Settings{
		Timeout: c.Deploy.Timeout, GiveUp: c.Deploy.GiveUp, Soak: c.Deploy.Watch, WorseBy: float64(c.Deploy.WorseBy) / 100,
		MaxLag: c.Limits.MaxLag, Deadline: previewTime, Primary: c.Regions[0].Name, MaxChanges: longestDiff,
	})
}

const (
	previewTime = 20 * time.Second // for all regions together
	longestDiff = 2500             // characters of each; a message of Slack's takes 3000 in one block
)

// witness is what runs a region's server, as its Kubernetes or its commands tell.
func witness(k *clusters, commands func(context.Context, string) *rapbot.Witness) func(context.Context, string) *rapbot.Witness {
	if k == nil {
		return commands
	}
	return func(ctx context.Context, region string) *rapbot.Witness {
		if k.names[region] {
			return k.Witness(ctx, region)
		}
		return commands(ctx, region)
	}
}

// runs makes the Instance and the Volume of a region whose Kubernetes runs its
// server.
func (k *clusters) runs(region string) (rapbot.Instance, rapbot.Volume, error) {
	instance, err := k.Instance(region)
	if err != nil {
		return nil, nil, err
	}
	volume, err := k.Volume(region)
	return instance, volume, err
}
