package manifest

import (
	"encoding/json"
	"reflect"

	"sigs.k8s.io/yaml"
)

// changed stands for a secret that differs from the one on the other side of a
// diff. Which of the two it was before can be told from neither.
const changed = "(hidden, changed)"

// maskPair copies two sides of a diff without their secrets: those of a Secret,
// and whatever has a telling name elsewhere. Nothing of a secret is left, not
// its length and no hash; only whether the two sides are the same.
func maskPair(old, new Object) (a, b Object, err error) {
	a, b = old, new
	if a.Body, err = Copy(old.Body); err != nil {
		return a, b, err
	}
	if b.Body, err = Copy(new.Body); err != nil {
		return a, b, err
	}
	for _, o := range []Object{a, b} {
		if meta, is := o.Body["metadata"].(map[string]any); is {
			if notes, is := meta["annotations"].(map[string]any); is {
				delete(notes, "kubectl.kubernetes.io/last-applied-configuration") // the whole object once more
			}
		}
	}
	secret := old.secret() || new.secret()
	for _, field := range unionOfNames(a.Body, b.Body) {
		all := secret && (field == secretFields[0] || field == secretFields[1])
		maskField(a.Body, b.Body, field, all)
	}
	return a, b, nil
}

// maskField masks a field of both sides, in place.
func maskField(a, b map[string]any, name string, all bool) {
	va, hasA := a[name]
	vb, hasB := b[name]
	ma, mb := mask(va, vb, hasA, hasB, all || Telling(name))
	if hasA {
		a[name] = ma
	}
	if hasB {
		b[name] = mb
	}
}

func mask(a, b any, hasA, hasB, all bool) (any, any) {
	mapA, isMapA := a.(map[string]any)
	mapB, isMapB := b.(map[string]any)
	listA, isListA := a.([]any)
	listB, isListB := b.([]any)
	switch {
	case all && hasA && hasB && !(isMapA && isMapB) && !(isListA && isListB):
		if reflect.DeepEqual(a, b) {
			return Hidden, Hidden
		}
		return Hidden, changed
	case isMapA || isMapB:
		for _, name := range unionOfNames(mapA, mapB) {
			maskField(mapA, mapB, name, all || name == "value" && (tellingItem(mapA) || tellingItem(mapB)))
		}
	case isListA || isListB:
		maskList(listA, listB, all)
	case all:
		return Hidden, Hidden
	}
	return a, b
}

// tellingItem reports whether a map is the variable of an environment, or
// something like it, whose name is telling.
func tellingItem(m map[string]any) bool {
	name, is := m["name"].(string)
	return is && Telling(name)
}

// maskList masks items against the one of the same name, or else at the same
// place.
func maskList(a, b []any, all bool) {
	taken := map[int]bool{}
	for i, item := range a {
		j := counterpart(b, item, i)
		if j < 0 || taken[j] {
			a[i], _ = mask(item, nil, true, false, all)
			continue
		}
		taken[j] = true
		a[i], b[j] = mask(item, b[j], true, true, all)
	}
	for j, item := range b {
		if !taken[j] {
			_, b[j] = mask(nil, item, false, true, all)
		}
	}
}

func counterpart(list []any, item any, at int) int {
	if m, is := item.(map[string]any); is && m["name"] != nil {
		for j, other := range list {
			if o, is := other.(map[string]any); is && reflect.DeepEqual(o["name"], m["name"]) {
				return j
			}
		}
		return -1
	}
	if at < len(list) {
		return at
	}
	return -1
}

func unionOfNames(a, b map[string]any) []string {
	names := make([]string, 0, len(a)+len(b))
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		if _, has := a[name]; !has {
			names = append(names, name)
		}
	}
	return names
}

// Copy is a deep copy, as JSON would have it; numbers stay as they are written.
func Copy(m map[string]any) (map[string]any, error) {
	if m == nil {
		return nil, nil
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, yaml.Unmarshal(text, &out, exact)
}
