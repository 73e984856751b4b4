package config

import (
	"slices"
	"time"
)

// Kubernetes is how rapbot reaches the cluster of a region, and what of it is
// rap-analyzer's. Without Context and InCluster it does not reach it, and what a
// region runs is not rapbot's to change.
type Kubernetes struct {
	Context    string `yaml:"context" default:""`         // Of the kubeconfig.
	Kubeconfig string `yaml:"kubeconfig" default:""`      // Empty: KUBECONFIG, or ~/.kube/config.
	InCluster  bool   `yaml:"in_cluster" default:"false"` // rapbot runs in this very cluster.
	Namespace  string `yaml:"namespace" default:"rap-analyzer"`
	// In what Helm keeps the history of its releases.
	HelmHistory string `yaml:"helm_history" default:"secrets" oneof:"secrets configmaps"`

	App      Release `yaml:"app"`
	Database Release `yaml:"database"`
	Objects  Objects `yaml:"objects"`
}

// Configured says whether the region's cluster can be reached.
func (k Kubernetes) Configured() bool { return k.Context != "" || k.InCluster }

// within makes the paths those of files in a folder.
func (k *Kubernetes) within(folder string) {
	for _, path := range []*string{&k.Kubeconfig, &k.App.Chart, &k.Database.Chart} {
		if *path != "" {
			*path = within(folder, *path)
		}
	}
	for _, files := range [][]string{k.App.Values, k.Database.Values} {
		for i := range files {
			files[i] = within(folder, files[i])
		}
	}
}

// Release is one release of Helm's.
type Release struct {
	Name   string   `yaml:"release" default:""` // Empty: rap-analyzer-<region>, postgresql-<region>.
	Chart  string   `yaml:"chart" default:""`   // A folder. Empty: the chart that rapbot ships.
	Values []string `yaml:"values"`             // Files, in order.
}

// Objects are the names under which a fleet has its objects; empty for those of
// the charts that rapbot ships.
type Objects struct {
	Deployment  string `yaml:"deployment" default:"rap-analyzer"`
	ConfigMap   string `yaml:"config_map" default:"rap-analyzer-config"`
	HostKey     string `yaml:"host_key" default:"DATABASE_HOST"` // In ConfigMap.
	StatefulSet string `yaml:"stateful_set" default:""`          // Empty: postgresql-primary or postgresql-replica, whichever is there.
	CronJob     string `yaml:"cron_job" default:"postgresql-backup"`
}

// Deploy bounds how a version goes to the regions.
type Deploy struct {
	Timeout time.Duration `yaml:"timeout" default:"10m" range:"10s..2h"`       // For the pods of one region.
	GiveUp  time.Duration `yaml:"give_up" default:"2m" range:"1s..1h"`         // How long a pod may be in trouble.
	Watch   time.Duration `yaml:"watch" default:"30s" range:"1s..24h"`         // Each region, before the next one.
	WorseBy int           `yaml:"worse_by_percent" default:"1" range:"0..100"` // By how many more of a hundred requests may fail.

	// ErrorQuery returns the part of a region's requests that fail, 0 to 1;
	// {region} stands for its name. Prometheus is asked it, when there is one.
	ErrorQuery string `yaml:"error_query" default:"sum(rate(rap_analyzer_requests_total{region=\"{region}\",code=~\"5..\"}[1m])) / sum(rate(rap_analyzer_requests_total{region=\"{region}\"}[1m]))"`

	ArgoCD ArgoCD `yaml:"argocd"`
}

// ArgoCD is where Argo CD runs and which regions' application it keeps. Without
// Region, Context and InCluster it keeps none, and Helm it is.
type ArgoCD struct {
	Region     string `yaml:"region" default:""`     // In whose cluster it runs.
	Context    string `yaml:"context" default:""`    // Of the kubeconfig, where it runs in another cluster.
	Kubeconfig string `yaml:"kubeconfig" default:""` // Empty: KUBECONFIG, or ~/.kube/config.
	InCluster  bool   `yaml:"in_cluster" default:"false"`
	Namespace  string `yaml:"namespace" default:"argocd"`

	ApplicationSet string   `yaml:"application_set" default:"rap-analyzer"`
	Manifest       string   `yaml:"manifest" default:""` // The file that the ApplicationSet is made of where there is none. Empty: rapbot makes none.
	Regions        []string `yaml:"regions"`             // Whose application it keeps. Empty: all with kubernetes; filled in.
}

// Configured says whether Argo CD keeps any region.
func (a ArgoCD) Configured() bool { return a.Region != "" || a.Context != "" || a.InCluster }

// Keeps says whether Argo CD keeps the application of a region.
func (a ArgoCD) Keeps(region string) bool {
	return a.Configured() && slices.Contains(a.Regions, region)
}

// within makes the paths those of files in a folder.
func (a *ArgoCD) within(folder string) {
	for _, path := range []*string{&a.Kubeconfig, &a.Manifest} {
		if *path != "" {
			*path = within(folder, *path)
		}
	}
}
