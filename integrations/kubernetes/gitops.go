package kubernetes

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rap-analyzer/rapbot"
)

// gitopsOf is what an Argo CD Application says; zero without one.
func gitopsOf(apps []*unstructured.Unstructured, namespace, name string) rapbot.GitOps {
	for _, a := range apps {
		if a.GetName() != name || a.GetNamespace() != namespace {
			continue
		}
		text := func(path ...string) string {
			s, _, _ := unstructured.NestedString(a.Object, path...) // another type in its place is no text
			return bounded(s)
		}
		return rapbot.GitOps{Application: name, Sync: text("status", "sync", "status"), Health: text("status", "health", "status"), Version: versionIn(a)}
	}
	return rapbot.GitOps{}
}

// versionIn is the version that an Application asks for: what its chart gets as
// image.tag, else the revision of its repository.
func versionIn(a *unstructured.Unstructured) string {
	sources, _, _ := unstructured.NestedSlice(a.Object, "spec", "sources")
	if one, has, _ := unstructured.NestedMap(a.Object, "spec", "source"); has {
		sources = append([]any{one}, sources...)
	}
	revision := ""
	for _, s := range sources {
		source, is := s.(map[string]any)
		if !is {
			continue
		}
		parameters, _, _ := unstructured.NestedSlice(source, "helm", "parameters")
		for _, p := range parameters {
			if pair, is := p.(map[string]any); is && pair["name"] == "image.tag" {
				if tag, is := pair["value"].(string); is {
					return bounded(tag)
				}
			}
		}
		if tag, has, _ := unstructured.NestedString(source, "helm", "valuesObject", "image", "tag"); has {
			return bounded(tag)
		}
		if at, is := source["targetRevision"].(string); is && revision == "" {
			revision = bounded(at)
		}
	}
	return revision
}
