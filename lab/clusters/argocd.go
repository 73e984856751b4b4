package clusters

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rap-analyzer/rapbot/charts"
	"github.com/rap-analyzer/rapbot/lab/gitops"
)

// startArgo starts Argo CD in the last region, with a repository of the shipped
// charts and the regions' own values, and writes the ApplicationSet that rapbot is to
// make: the shipped one, of that repository and these addresses.
func (f *Fleet) startArgo(ctx context.Context, log func(string, ...any)) (err error) {
	all := f.Lab.Regions()
	if f.argo, err = gitops.Start(ctx, gitops.Options{Dir: filepath.Join(f.dir, "argocd"), Home: all[len(all)-1], Clusters: all, Log: log}); err != nil {
		return err
	}
	values := map[string]string{}
	for _, r := range all {
		text, err := os.ReadFile(f.values("app", r.Name))
		if err != nil {
			return err
		}
		values["charts/multi-region/values-"+r.Name+".yaml"] = string(text)
	}
	if err := f.argo.Repository.Commit(ctx, "the regions' values", values); err != nil {
		return err
	}
	shipped, err := charts.FS.ReadFile("multi-region/applicationset.yaml")
	if err != nil {
		return err
	}
	text := strings.NewReplacer(
		"https://github.com/rap-analyzer/rapbot.git", f.argo.Repository.URL, "postgresql.us-east-1.example.com", f.Host(all[0].Name),
	).Replace(string(shipped))
	return os.WriteFile(f.manifest(), []byte(text), 0o644)
}

func (f *Fleet) manifest() string { return filepath.Join(f.dir, "applicationset.yaml") }

// argoConfig is what rapbot is told of it, as more keys of deploy.
func (f *Fleet) argoConfig() string {
	if f.argo == nil {
		return ""
	}
	all := f.Lab.Regions()
	return fmt.Sprintf(", argocd: {region: %s, manifest: %q}", all[len(all)-1].Name, f.manifest())
}

// End ends the clusters and Argo CD.
func (f *Fleet) End() error {
	if f.argo == nil {
		return f.Lab.Close()
	}
	return errors.Join(f.argo.Close(), f.Lab.Close())
}

// elements are those of the ApplicationSet, by region: "v2 primary 10.1.2.3".
func (f *Fleet) elements(ctx context.Context) (map[string]string, error) {
	o, err := f.argo.Dynamic.Resource(gitops.Sets).Namespace(gitops.Namespace).Get(ctx, "rap-analyzer", meta.GetOptions{})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	generators, _, _ := unstructured.NestedSlice(o.Object, "spec", "generators")
	for _, g := range generators {
		elements, _, _ := unstructured.NestedSlice(g.(map[string]any), "list", "elements")
		for _, e := range elements {
			one := e.(map[string]any)
			out[fmt.Sprint(one["region"])] = fmt.Sprint(one["version"], " ", one["zone"], " ", one["databaseHost"])
		}
	}
	return out, nil
}

// applications say whether Argo CD is content, by region: "Synced Healthy".
func (f *Fleet) applications(ctx context.Context) (map[string]string, error) {
	list, err := f.argo.Dynamic.Resource(gitops.Applications).Namespace(gitops.Namespace).List(ctx, meta.ListOptions{})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, a := range list.Items {
		sync, _, _ := unstructured.NestedString(a.Object, "status", "sync", "status")
		health, _, _ := unstructured.NestedString(a.Object, "status", "health", "status")
		out[strings.TrimPrefix(a.GetName(), "rap-analyzer-")] = sync + " " + health
	}
	return out, nil
}
