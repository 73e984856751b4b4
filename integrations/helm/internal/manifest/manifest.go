// Package manifest compares what releases of Helm consist of: as text for
// people, in which no secret is seen, and as a digest.
package manifest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Object is one of a release's.
type Object struct {
	Kind, Namespace, Name string
	Hook                  string // when it runs, for a hook: "pre-upgrade"; empty for the others
	Body                  map[string]any
}

// ID is the same for two states of one object.
func (o Object) ID() string {
	return strings.Join([]string{o.Kind, o.Namespace, o.Name, o.Hook}, "\x00")
}

// Equal reports whether two objects have the same fields.
func (o Object) Equal(other Object) bool {
	a, errA := json.Marshal(o.Body)
	b, errB := json.Marshal(other.Body)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// secretFields hold what nobody may see of a Secret.
var secretFields = []string{"data", "stringData"}

func (o Object) secret() bool { return o.Kind == "Secret" }

// text is an object as YAML, its fields sorted.
func (o Object) text() (string, error) {
	out, err := yaml.Marshal(o.Body)
	return string(out), err
}

// between is where the API server's clients cut a manifest.
var between = regexp.MustCompile(`(?m)^---[ \t]*(#.*)?$`)

// Parse reads a manifest, whose objects are in a namespace unless they name
// another. Errors repeat nothing of it.
func Parse(manifest, namespace, hook string) ([]Object, error) {
	var all []Object
	for _, doc := range between.Split(manifest, -1) {
		var body map[string]any
		if yaml.Unmarshal([]byte(doc), &body, exact) != nil {
			return nil, errors.New("a manifest is no YAML object")
		}
		if len(body) > 0 {
			all = flatten(all, body, namespace, hook)
		}
	}
	return all, nil
}

// exact keeps numbers as they are written.
func exact(d *json.Decoder) *json.Decoder {
	d.UseNumber()
	return d
}

// flatten takes the objects out of a List, as the API server would: a Secret in
// one is a Secret.
func flatten(all []Object, body map[string]any, namespace, hook string) []Object {
	kind, _ := body["kind"].(string)
	if items, is := body["items"].([]any); is && strings.HasSuffix(kind, "List") {
		for _, item := range items {
			if inner, is := item.(map[string]any); is {
				if _, has := inner["kind"]; !has {
					inner["kind"] = strings.TrimSuffix(kind, "List")
				}
				all = flatten(all, inner, namespace, hook)
			}
		}
		return all
	}
	meta, _ := body["metadata"].(map[string]any)
	name, _ := meta["name"].(string)
	if own, has := meta["namespace"].(string); has {
		namespace = own
	}
	return append(all, Object{kind, namespace, name, hook, body})
}

// Sort orders objects by kind and name.
func Sort(all []Object) {
	slices.SortStableFunc(all, func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID(), b.ID()))
	})
}

// Digest stands for objects and what goes with them: hex SHA-256, the same
// whatever the objects' order and however their YAML is written.
func Digest(all []Object, with ...string) (string, error) {
	texts := make([]string, len(all))
	for i, o := range all {
		text, err := json.Marshal(o.Body) // sorts the fields
		if err != nil {
			return "", fmt.Errorf("digest of %s/%s: %w", o.Kind, o.Name, err)
		}
		texts[i] = o.Hook + "\x00" + string(text)
	}
	slices.Sort(texts)
	sum := sha256.New()
	for _, part := range append(with, texts...) {
		fmt.Fprintf(sum, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
