package config

import (
	"fmt"
	"slices"
)

// checkArgoCD wants one way to where Argo CD runs, and regions that there are.
// Without a way it manages nothing, and then nothing else of it may be said.
func (d *decoder) checkArgoCD(a *ArgoCD, regions []Region) {
	const at = "deploy.argocd"
	ways := 0
	for _, given := range []bool{a.Region != "", a.Context != "", a.InCluster} {
		if given {
			ways++
		}
	}
	kept := func(name string) (is, reached bool) {
		i := slices.IndexFunc(regions, func(r Region) bool { return r.Name == name })
		return i >= 0, i >= 0 && regions[i].Kubernetes.Configured()
	}
	switch {
	case ways > 1:
		d.add(at, "region, context and in_cluster are three ways to one cluster", "keep one of them")
	case ways == 0 && (len(a.Regions) > 0 || a.Manifest != ""):
		d.add(at, "it is not said where Argo CD runs", "name the region whose cluster it runs in, or a context of the kubeconfig")
	}
	if is, reached := kept(a.Region); a.Region != "" && !reached {
		problem := show(a.Region) + " has no kubernetes"
		if !is {
			problem = show(a.Region) + " is none of the regions"
		}
		d.add(at+".region", problem, "name a region with kubernetes, or write the context of Argo CD's cluster")
	}
	d.checkTwice(at+".regions[%d]", a.Regions)
	for i, name := range a.Regions {
		if is, reached := kept(name); name != "" && !reached {
			problem := show(name) + " has no kubernetes, where its pods could be seen"
			if !is {
				problem = show(name) + " is none of the regions"
			}
			d.add(fmt.Sprintf(at+".regions[%d]", i), problem, "name regions with kubernetes")
		}
	}
	if len(a.Regions) > 0 || !a.Configured() {
		return
	}
	for _, r := range regions {
		if r.Kubernetes.Configured() {
			a.Regions = append(a.Regions, r.Name)
		}
	}
}
