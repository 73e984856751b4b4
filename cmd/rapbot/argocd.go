package main

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/config"
	"github.com/rap-analyzer/rapbot/integrations/argocd"
	"github.com/rap-analyzer/rapbot/integrations/helm"
	"github.com/rap-analyzer/rapbot/integrations/kubernetes"
)

// kept are the releases of all regions: the application where Argo CD keeps it is
// changed there, everything else by Helm.
type kept struct {
	helm *helm.Helm
	argo *argocd.Argo
	by   config.ArgoCD
}

func (k kept) of(region string, part rapbot.Part) rapbot.Releases {
	if part == rapbot.App && k.by.Keeps(region) {
		return k.argo
	}
	return k.helm
}

func (k kept) Release(ctx context.Context, region string, part rapbot.Part) (rapbot.Release, error) {
	return k.of(region, part).Release(ctx, region, part)
}

func (k kept) History(ctx context.Context, region string, part rapbot.Part, limit int) ([]rapbot.Release, error) {
	return k.of(region, part).History(ctx, region, part, limit)
}

func (k kept) Values(ctx context.Context, region string, part rapbot.Part) (map[string]string, error) {
	return k.of(region, part).Values(ctx, region, part)
}

func (k kept) Preview(ctx context.Context, c rapbot.Change) (rapbot.Preview, error) {
	return k.of(c.Region, c.Part).Preview(ctx, c)
}

func (k kept) PreviewRollBack(ctx context.Context, region string, part rapbot.Part, revision int) (rapbot.Preview, error) {
	return k.of(region, part).PreviewRollBack(ctx, region, part, revision)
}

func (k kept) Apply(ctx context.Context, c rapbot.Change) (rapbot.Release, error) {
	return k.of(c.Region, c.Part).Apply(ctx, c)
}

func (k kept) RollBack(ctx context.Context, region string, part rapbot.Part, revision int) (rapbot.Release, error) {
	return k.of(region, part).RollBack(ctx, region, part, revision)
}

// openArgo is nil when Argo CD keeps no region. ways are the regions' clusters.
func openArgo(c *config.Config, ways map[string]*rest.Config) (*argocd.Argo, error) {
	a := c.Deploy.ArgoCD
	if !a.Configured() {
		return nil, nil
	}
	o := argocd.Config{Where: cmp.Or(a.Region, a.Context, "rapbot's own cluster"), Rest: ways[a.Region], Context: a.Context, Namespace: a.Namespace, ApplicationSet: a.ApplicationSet}
	var err error
	if a.Region == "" {
		if o.Rest, err = kubernetes.Load(kubernetes.Access{InCluster: a.InCluster, Kubeconfig: a.Kubeconfig, Context: a.Context}); err != nil {
			return nil, fmt.Errorf("deploy.argocd.%w", err)
		}
	}
	if a.Manifest != "" {
		if o.Manifest, err = os.ReadFile(a.Manifest); err != nil {
			return nil, fmt.Errorf("deploy.argocd.manifest: %w", err)
		}
	}
	for _, r := range c.Regions {
		if r.Name == a.Region {
			o.Context = r.Kubernetes.Context
		}
		if a.Keeps(r.Name) {
			o.Regions = append(o.Regions, argocd.Region{Name: r.Name, Application: releaseName(r.Kubernetes.App, "rap-analyzer", r.Name)})
		}
	}
	return argocd.New(o)
}

// gitopsOf is where a region's Application stands, for the status.
func gitopsOf(c *config.Config, region string) kubernetes.GitOps {
	if a := c.Deploy.ArgoCD; a.Region != "" && a.Keeps(region) {
		return kubernetes.GitOps{Region: a.Region, Namespace: a.Namespace}
	}
	return kubernetes.GitOps{}
}

// argoChecks are whether rapbot may change what Argo CD keeps, and whether Argo
// CD would outlive what is to be handled with it.
func argoChecks(ctx context.Context, c *config.Config, k *clusters, t rapbot.Topology) []rapbot.Check {
	if k.argo == nil {
		return nil
	}
	checks := k.argo.Examine(ctx)
	if p, one := t.Primary(); one && p.Name == c.Deploy.ArgoCD.Region {
		checks = append(checks, rapbot.Check{
			Name: "Argo CD in " + p.Name, Verdict: rapbot.Warn, Detail: "it runs in the primary's region: if that is lost, it leads no application to the new primary",
			Fix: "Run it in another region, or in a cluster of its own.",
		})
	}
	return checks
}
