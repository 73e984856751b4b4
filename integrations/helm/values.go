package helm

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/strvals"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

// folded marks a chart, as a release keeps it, whose values contain those of
// the files. The own values of such a release are what people set and nothing
// else. It is with the chart, and no label, so that it is there after a rollback
// to that revision and gone after an upgrade by hand.
const folded = "rapbot/values-files"

// draft is what a release is to be made of.
type draft struct {
	chart *chart.Chart   // its values are the chart's, then Base, then the files
	set   map[string]any // what people set
}

// draft reads chart and values, and adds what is to be set to what was set
// before, on the revision that base is; nil for a release that is not there.
func (s *site) draft(base *release.Release, sets []string) (draft, error) {
	ch, err := s.loadChart()
	if err != nil {
		return draft{}, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("The chart of %s cannot be loaded: %s.", s.Release, sentence(manifest.HideShapes(err.Error()))),
			"Correct the chart, then try again.")
	}
	files, err := s.configured()
	if err != nil {
		return draft{}, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("The values of %s cannot be read: %s.", s.Release, sentence(manifest.HideShapes(err.Error()))),
			"Correct the values file, then try again.")
	}
	ch.Values = over(ch.Values, files)
	if ch.Metadata.Annotations == nil {
		ch.Metadata.Annotations = map[string]string{}
	}
	ch.Metadata.Annotations[folded] = "included"
	set := map[string]any{}
	if base != nil {
		if set, err = setBefore(base, ch.Values); err != nil {
			return draft{}, err
		}
	}
	for _, text := range sets {
		if err := setInto(set, ch.Values, text); err != nil {
			return draft{}, err
		}
	}
	return draft{ch, set}, nil
}

// setBefore is what people set on a revision. Of one that Helm made by hand the
// files' values are among its own: what is as it is today anyway was not set.
func setBefore(base *release.Release, now map[string]any) (map[string]any, error) {
	set, err := manifest.Copy(base.Config)
	if err != nil {
		return nil, err
	}
	set = integers(set).(map[string]any)
	if isFolded(base) {
		return set, nil
	}
	return without(set, integers(now).(map[string]any)), nil
}

func isFolded(r *release.Release) bool {
	return r.Chart != nil && r.Chart.Metadata != nil && r.Chart.Metadata.Annotations[folded] != ""
}

// without drops from set whatever is the same in now.
func without(set, now map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range set {
		n, has := now[name]
		inner, isMap := v.(map[string]any)
		under, isMapNow := n.(map[string]any)
		switch {
		case isMap && isMapNow:
			if left := without(inner, under); len(left) > 0 {
				out[name] = left
			}
		case v == nil && !has: // takes away what is not there
		case !reflect.DeepEqual(v, n):
			out[name] = v
		}
	}
	return out
}

// setInto sets values in the syntax of helm --set. What names an item of a list
// needs the whole list, which the files may have.
func setInto(set, now map[string]any, text string) error {
	named := map[string]any{}
	whole := over(now, set)
	err := strvals.ParseInto(text, named)
	if err == nil {
		err = strvals.ParseInto(text, whole)
	}
	if err == nil && len(named) == 0 {
		err = fmt.Errorf("it names no value")
	}
	if err != nil {
		return rapbot.Refuse(rapbot.Invalid, badSet(text, err), "Write it as name=value, image.tag=v2 for example.")
	}
	take(set, named, whole)
	return nil
}

// take copies to set what named names, as it is in whole.
func take(set, named, whole map[string]any) {
	for name, v := range named {
		inner, isMap := v.(map[string]any)
		if !isMap {
			set[name] = whole[name]
			continue
		}
		below, is := set[name].(map[string]any)
		if !is {
			below = map[string]any{}
			set[name] = below
		}
		from, _ := whole[name].(map[string]any)
		take(below, inner, from)
	}
}

// badSet says what is wrong with a --set. Helm's words repeat parts of it, which
// must not happen to a password with a comma in it (R10).
func badSet(text string, err error) string {
	name, _, _ := strings.Cut(text, "=")
	words := err.Error()
	switch {
	case manifest.MayTell(text):
		words = "it is not of that form"
	case strings.Contains(words, "interface conversion"):
		words = "a part of the name stands for a single value, which has no parts"
	}
	return fmt.Sprintf("What is to be set, %q, cannot be read: %s.", manifest.Clip(name, 100), sentence(words))
}

// over lays upper over under, and copies both. Null takes a value away, as it
// does in Helm.
func over(under, upper map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range under {
		out[name] = copyValue(v)
	}
	for name, v := range upper {
		inner, isMap := v.(map[string]any)
		below, isMapBelow := out[name].(map[string]any)
		_, has := out[name]
		switch {
		case v == nil && has:
			delete(out, name)
		case isMap && isMapBelow:
			out[name] = over(below, inner)
		default:
			out[name] = copyValue(v)
		}
	}
	return out
}

func copyValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return over(nil, v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = copyValue(v[i])
		}
		return out
	}
	return v
}

// integers makes whole numbers whole again: a release is kept as JSON, and a
// tag 20240101 that was set would be written 2.0240101e+07 by the next template.
func integers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			out[name] = integers(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = integers(v[i])
		}
		return out
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	}
	return v
}
