package argocd

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// element is what the list generator says of one region. Nil is none.
type element map[string]any

// set is the ApplicationSet as it was read.
type set struct {
	*unstructured.Unstructured
	keys map[string]string // from a value of the chart to the element's key that it is made of
}

// place is where an element stands.
type place struct {
	generator, index int
	element
}

// newSet reads what leads from the elements to the chart's values.
func newSet(o *unstructured.Unstructured) *set {
	s := &set{o, map[string]string{}}
	spec, _, _ := unstructured.NestedMap(o.Object, "spec", "template", "spec")
	for name, value := range settings(spec) {
		if m := reference.FindStringSubmatch(value); m != nil {
			s.keys[name] = m[1]
		}
	}
	return s
}

// reference is a template that is one key of the element and nothing besides.
var reference = regexp.MustCompile(`^\{\{-?\s*\.?([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}$`)

// settings are the values that the sources of an Application give to its chart,
// as dotted names.
func settings(spec map[string]any) map[string]string {
	all, _, _ := unstructured.NestedSlice(spec, "sources")
	if one, has, _ := unstructured.NestedMap(spec, "source"); has {
		all = append([]any{one}, all...)
	}
	out := map[string]string{}
	for _, s := range all {
		source, _ := s.(map[string]any)
		values, _, _ := unstructured.NestedMap(source, "helm", "valuesObject")
		flatten(values, "", out)
		parameters, _, _ := unstructured.NestedSlice(source, "helm", "parameters")
		for _, p := range parameters {
			pair, _ := p.(map[string]any)
			if name, is := pair["name"].(string); is {
				out[name] = text(pair["value"])
			}
		}
	}
	return out
}

func flatten(values map[string]any, prefix string, out map[string]string) {
	for name, v := range values {
		if below, is := v.(map[string]any); is {
			flatten(below, prefix+name+".", out)
			continue
		}
		out[prefix+name] = text(v)
	}
}

// text is a value as a template writes it.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return fmt.Sprint(v)
}

// regionKey is the key by which an element says of which region it is.
func (s *set) regionKey() string {
	if key, is := s.keys["global.region"]; is {
		return key
	}
	return "region"
}

// find is where a region's element stands. Only list generators of the first
// rank have elements that can be changed one by one.
func (s *set) find(region string) (place, bool) {
	generators, _, _ := unstructured.NestedSlice(s.Object, "spec", "generators")
	for g, generator := range generators {
		one, _ := generator.(map[string]any)
		elements, _, _ := unstructured.NestedSlice(one, "list", "elements")
		for i, e := range elements {
			if is, ok := e.(map[string]any); ok && text(is[s.regionKey()]) == region {
				return place{g, i, is}, true
			}
		}
	}
	return place{}, false
}

// list is the first list generator, -1 when there is none.
func (s *set) list() int {
	generators, _, _ := unstructured.NestedSlice(s.Object, "spec", "generators")
	for g, generator := range generators {
		if one, _ := generator.(map[string]any); one["list"] != nil {
			return g
		}
	}
	return -1
}

// version is that of an element.
func (s *set) version(e element) string { return bounded(text(e[s.keys["image.tag"]])) }

// values are an element's as values of the chart.
func (s *set) values(e element) map[string]string {
	out := map[string]string{}
	for name, key := range s.keys {
		if v, has := e[key]; has {
			out[name] = text(v)
		}
	}
	return out
}

// follows reports whether the Applications are changed when an element is.
func (s *set) follows() bool {
	policy, _, _ := unstructured.NestedString(s.Object, "spec", "syncPolicy", "applicationsSync")
	return policy == "" || policy == "sync" || policy == "create-update"
}

// same compares as JSON does, which knows one kind of number.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// bounded is a text from outside on one line, and not too long.
func bounded(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if r := []rune(s); len(r) > mostWords {
		s = string(r[:mostWords]) + "…"
	}
	return strings.TrimRight(s, ".")
}

// mostWords is how many characters of what Argo CD says are told.
const mostWords = 300
