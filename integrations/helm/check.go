package helm

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	"helm.sh/helm/v4/pkg/kube"
	release "helm.sh/helm/v4/pkg/release/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

// state is an object of a release in the cluster: as it is, and as the API
// server would make it.
type state struct {
	live  map[string]any // nil when it is not there
	after map[string]any
}

// check has the API server judge every object of a release, as a dry run.
// Helm's own dry run only renders. The states that it returns are of the objects
// without hooks, by their ID; it is empty for a namespace that is not there
// yet.
func (c *call) check(r *release.Release) (map[string]state, error) {
	k, is := c.KubeClient.(*kube.Client)
	if !is {
		return nil, errors.New("helm has another client than expected")
	}
	infos, err := k.Build(strings.NewReader(r.Manifest), false)
	if err != nil {
		return nil, err
	}
	if err := infos.Visit(c.own); err != nil {
		return nil, err
	}
	missing, err := c.namespaceMissing()
	if err != nil {
		return nil, err
	}
	if err := c.checkHooks(k, r, missing); err != nil {
		return nil, err
	}
	if missing {
		return map[string]state{}, c.checkElsewhere(infos)
	}
	live, err := look(infos)
	if err != nil || len(infos) == 0 {
		return nil, err
	}
	// With Create each object is one server-side apply. Update would, in a dry run
	// too, delete for real what the manifest no longer has.
	if _, err := k.Create(infos, kube.ClientCreateOptionServerSideApply(true, true), kube.ClientCreateOptionDryRun(true)); err != nil {
		return nil, err
	}
	out := map[string]state{}
	for i, info := range infos {
		after, err := content(info.Object)
		if err != nil {
			return nil, err
		}
		o := manifest.Object{Kind: info.Mapping.GroupVersionKind.Kind, Namespace: c.namespaceOf(info), Name: info.Name}
		out[o.ID()] = state{live[i], after}
	}
	return out, nil
}

// namespaceOf is the namespace of an object as a manifest has it, which may name
// one also for what has none.
func (c *call) namespaceOf(info *resource.Info) string {
	if info.Namespaced() {
		return info.Namespace
	}
	return c.namespace
}

// own adds what Helm adds to every object that it applies.
func (c *call) own(info *resource.Info, err error) error {
	o, is := info.Object.(*unstructured.Unstructured)
	if err != nil || !is {
		return err
	}
	labels, notes := o.GetLabels(), o.GetAnnotations()
	if labels == nil {
		labels = map[string]string{}
	}
	if notes == nil {
		notes = map[string]string{}
	}
	labels["app.kubernetes.io/managed-by"] = "Helm"
	notes["meta.helm.sh/release-name"], notes["meta.helm.sh/release-namespace"] = c.Release, c.namespace
	o.SetLabels(labels)
	o.SetAnnotations(notes)
	return nil
}

// look reads the objects as they are.
func look(infos kube.ResourceList) ([]map[string]any, error) {
	out := make([]map[string]any, len(infos))
	var all errgroup.Group
	all.SetLimit(8)
	for i, info := range infos {
		all.Go(func() error {
			live, err := resource.NewHelper(info.Client, info.Mapping).Get(info.Namespace, info.Name)
			if apierrors.IsNotFound(err) {
				return nil
			}
			if err == nil {
				out[i], err = content(live)
			}
			return err
		})
	}
	return out, all.Wait()
}

// content is an object without what the API server writes about it.
func content(o runtime.Object) (map[string]any, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var body map[string]any
	if err := json.Unmarshal(text, &body); err != nil {
		return nil, err
	}
	delete(body, "status")
	if m, is := body["metadata"].(map[string]any); is {
		for _, name := range []string{"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"} {
			delete(m, name)
		}
	}
	return body, nil
}

// checkHooks has the API server judge the hooks. Helm deletes what is left of an
// earlier run before it makes a hook anew, so that they are judged as new ones.
func (c *call) checkHooks(k *kube.Client, r *release.Release, missing bool) error {
	for _, h := range r.Hooks {
		infos, err := k.Build(strings.NewReader(h.Manifest), false)
		if err != nil {
			return err
		}
		if missing {
			err = c.checkElsewhere(infos)
		} else {
			err = asNew(infos)
		}
		if err != nil {
			return fmt.Errorf("hook %s: %w", h.Name, err)
		}
	}
	return nil
}

// checkElsewhere judges objects of a namespace that is not there yet as if they
// were for the namespace default, which always is.
func (c *call) checkElsewhere(infos kube.ResourceList) error {
	for _, info := range infos {
		if info.Namespace != c.namespace || !info.Namespaced() {
			continue
		}
		info.Namespace = meta.NamespaceDefault
		if o, is := info.Object.(*unstructured.Unstructured); is {
			o.SetNamespace(meta.NamespaceDefault)
		}
	}
	return asNew(infos)
}

// asNew asks for each object whether it could be made. One that is there already
// has been found valid before that was noticed.
func asNew(infos kube.ResourceList) error {
	var refused []error
	for _, info := range infos {
		helper := resource.NewHelper(info.Client, info.Mapping).DryRun(true).WithFieldManager(kube.ManagedFieldsManager).WithFieldValidation("Strict")
		_, err := helper.Create(info.Namespace, false, info.Object)
		if err != nil && !apierrors.IsAlreadyExists(err) {
			refused = append(refused, fmt.Errorf("%s, Kind=%s: %w", info.Name, info.Mapping.GroupVersionKind.Kind, err))
		}
	}
	return errors.Join(refused...)
}

// namespaceMissing reports whether the release's namespace is to be made first.
// Who may not look at namespaces cannot make one either.
func (c *call) namespaceMissing() (bool, error) {
	client, err := c.KubernetesClientSet()
	if err != nil {
		return false, err
	}
	_, err = client.CoreV1().Namespaces().Get(c.ctx, c.namespace, meta.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case apierrors.IsForbidden(err):
		return false, nil
	}
	return false, err
}
