package argocd

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/rap-analyzer/rapbot"
)

// parseManifest reads the ApplicationSet that may be made, and gives it the name
// and the namespace of the configuration.
func (c Config) parseManifest() (*unstructured.Unstructured, error) {
	o := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict(c.Manifest, &o.Object); err != nil {
		return nil, fmt.Errorf("argocd: manifest: %s", bounded(err.Error()))
	}
	if o.GetAPIVersion() != version.String() || o.GetKind() != "ApplicationSet" {
		return nil, fmt.Errorf("argocd: manifest: it is no ApplicationSet of %s", version)
	}
	o.SetName(c.ApplicationSet)
	o.SetNamespace(c.Namespace)
	s := newSet(o)
	if s.keys["image.tag"] == "" {
		return nil, errors.New("argocd: manifest: no parameter image.tag of its template is made of a key of the elements, as in {name: image.tag, value: \"{{.version}}\"}")
	}
	var missing []error
	for _, r := range c.Regions {
		if _, there := s.find(r.Name); !there {
			missing = append(missing, fmt.Errorf("argocd: manifest: it has no element for %s in a list generator", r.Name))
		}
	}
	return o, errors.Join(missing...)
}

// fromManifest is a region's element as the file has it, for an ApplicationSet
// without one, or for none at all.
func (a *Argo) fromManifest(s *set, r Region) (element, error) {
	if a.manifest == nil && s == nil {
		return nil, a.noSet()
	}
	if a.manifest == nil || s != nil && s.list() < 0 {
		return nil, a.noElement(r)
	}
	at, there := newSet(a.manifest).find(r.Name)
	if !there {
		return nil, a.noElement(r)
	}
	return at.element.clone(), nil
}

// create makes the ApplicationSet with one element only: the other regions'
// follow when it is their turn.
func (a *Argo) create(ctx context.Context, e edit, history string, how []string) (rapbot.Release, error) {
	o := a.manifest.DeepCopy()
	generators, _, err := unstructured.NestedSlice(o.Object, "spec", "generators")
	if err != nil {
		return rapbot.Release{}, err
	}
	for _, g := range generators {
		one, _ := g.(map[string]any)
		list, is := one["list"].(map[string]any)
		if !is {
			continue
		}
		var kept []any
		elements, _ := list["elements"].([]any)
		for _, each := range elements {
			if is, _ := each.(map[string]any); text(is[newSet(o).regionKey()]) == e.Name {
				kept = append(kept, map[string]any(e.will))
			}
		}
		list["elements"] = kept
		if kept == nil {
			list["elements"] = []any{}
		}
	}
	if err := unstructured.SetNestedSlice(o.Object, generators, "spec", "generators"); err != nil {
		return rapbot.Release{}, err
	}
	notes := o.GetAnnotations()
	if notes == nil {
		notes = map[string]string{}
	}
	notes[historyKey(e.Name)] = history
	o.SetAnnotations(notes)
	o, err = a.of(sets).Create(ctx, o, metav1.CreateOptions{FieldManager: "rapbot", DryRun: how})
	if err != nil || how != nil {
		return rapbot.Release{}, err
	}
	return a.after(newSet(o), e)
}
