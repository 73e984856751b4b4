package argocd

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rap-analyzer/rapbot"
)

// edit is what is to become of one region's element.
type edit struct {
	Region
	was, will element // nil for none
	history   []revision
	words     string // of the new revision
}

// wish makes the edit that somebody asks for of the ApplicationSet as it is.
type wish func(s *set, r Region) (edit, error)

// set is the wish to set values.
func (a *Argo) set(c rapbot.Change) wish {
	return func(s *set, r Region) (edit, error) {
		history, err := a.there(s, r)
		e := edit{Region: r, history: history, words: "Upgrade complete"}
		switch {
		case err == nil:
			now, _ := s.find(r.Name)
			e.was, e.will = now.element, now.element.clone()
		case c.Install && rapbot.ErrorCode(err) == rapbot.NotFound:
			e.words = "Install complete"
			if e.will, err = a.fromManifest(s, r); err != nil {
				return e, err
			}
		default:
			return e, err
		}
		return e, a.put(s, e, c.Set)
	}
}

// put makes the element say what is asked for.
func (a *Argo) put(s *set, e edit, asked []string) error {
	if s == nil {
		s = newSet(a.manifest)
	}
	if !s.follows() {
		return rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("The ApplicationSet %s changes no Application that is there (spec.syncPolicy.applicationsSync).", s.GetName()), "Set it to sync or create-update.")
	}
	for _, one := range asked {
		name, value, _ := strings.Cut(one, "=")
		key, known := s.keys[name]
		switch {
		case slices.Contains(pods, name):
			return rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("Argo CD keeps %s, and how many pods its application has is for the repository to say.", e.Name), "Change "+name+" there.")
		case strings.Contains(value, "{{"):
			return rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("%.60q would be a template to Argo CD.", value), "Name a plain value.")
		case known && text(e.will[key]) != value:
			e.will[key] = value
		case !known && name == portName && value == usualPort:
			// The chart's own, which nobody has to say.
		case !known:
			return rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("The ApplicationSet %s has no key for %.60s: its elements set %s.", s.GetName(), name, s.known()),
				fmt.Sprintf("Change it in the repository, or add a parameter to the ApplicationSet's template, such as {name: %.60s, value: \"{{.%s}}\"}, and the key to its elements.", name, camel(name)))
		}
	}
	return nil
}

// pods are the values that say how many pods there are. The ApplicationSet has Argo
// CD leave that alone, so that nothing would come of another number.
var pods = []string{"replicaCount", "autoscaling.minReplicas"}

const (
	portName  = "database.port"
	usualPort = "5432"
)

// known are the values that the elements set, for people.
func (s *set) known() string {
	var names []string
	for name := range s.keys {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "none"
	}
	return bounded(strings.Join(names, ", "))
}

// camel is a dotted name as the key of an element: databasePort.
func camel(name string) string {
	parts := strings.FieldsFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	for i := range parts {
		if i > 0 {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return fmt.Sprintf("%.60s", strings.Join(parts, ""))
}

// primaries are the values that say where the primary is. Going back to an earlier
// version leaves them: they are no matter of versions.
var primaries = []string{"global.zone", "database.host", portName}

// goBack is the wish for a region to be what it was at a revision; 0 takes it out.
func (a *Argo) goBack(number int) wish {
	return func(s *set, r Region) (edit, error) {
		history, err := a.there(s, r)
		e := edit{Region: r, history: history, words: fmt.Sprintf("Rollback to %d", number)}
		if err != nil {
			return e, err
		}
		e.was = history[0].Element
		if number == 0 {
			return e, nil
		}
		i := slices.IndexFunc(history, func(one revision) bool { return one.Number == number })
		if i < 0 {
			return e, rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("%s in %s has no revision %d any more; the oldest is %d.", r.Application, r.Name, number, history[len(history)-1].Number), "Name one of its history.")
		}
		e.will = history[i].Element.clone()
		for _, name := range primaries {
			key, known := s.keys[name]
			if now, has := e.was[key]; known && has {
				e.will[key] = now
			}
		}
		return e, nil
	}
}

// Preview implements rapbot.Releases. The API server is asked whether it would
// take the change. The digest is over all that the region's Application will be made
// of, so that a change of the template is one too.
func (a *Argo) Preview(ctx context.Context, c rapbot.Change) (rapbot.Preview, error) {
	return a.preview(ctx, c.Region, c.Part, a.set(c))
}

// PreviewRollBack implements rapbot.Releases.
func (a *Argo) PreviewRollBack(ctx context.Context, region string, part rapbot.Part, number int) (rapbot.Preview, error) {
	return a.preview(ctx, region, part, a.goBack(number))
}

func (a *Argo) preview(ctx context.Context, region string, part rapbot.Part, w wish) (rapbot.Preview, error) {
	r, err := a.region(region, part)
	if err != nil {
		return rapbot.Preview{}, err
	}
	s, err := within(ctx, a, a.load)
	if err != nil {
		return rapbot.Preview{}, a.failed(err, "The ApplicationSet "+a.cfg.ApplicationSet, "read")
	}
	e, err := w(s, r)
	if err != nil {
		return rapbot.Preview{}, err
	}
	is := s
	if is == nil {
		is = newSet(a.manifest)
	}
	p := rapbot.Preview{Release: rapbot.Release{Region: region, Part: part, Name: r.Application, Chart: is.chart()}, Version: is.version(e.will)}
	if len(e.history) > 0 {
		p.Release = is.tell(r, e.history[0], true)
	}
	if !same(e.was, e.will) {
		p.Objects, p.Diff = 1, a.diff(s, is, e)
		_, err := within(ctx, a, func(ctx context.Context) (rapbot.Release, error) { return a.send(ctx, s, e, dry) })
		if err != nil && !overtaken(err) { // a change by somebody else is seen at the next look
			return rapbot.Preview{}, a.failed(err, "The element of "+region+" in the ApplicationSet "+a.cfg.ApplicationSet, "changed")
		}
	}
	p.Digest, err = is.digest(e.will)
	return p, err
}

// digest is over the ApplicationSet as if there were this element only.
func (s *set) digest(e element) (string, error) {
	spec, _, _ := unstructured.NestedMap(s.Object, "spec")
	delete(spec, "generators")
	b, err := json.Marshal(map[string]any{"spec": spec, "element": e})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(b)), nil
}

// diff is what changes, as people are used to see it.
func (a *Argo) diff(before, is *set, e edit) string {
	var out strings.Builder
	sign := "~"
	if before == nil {
		sign = "+"
	}
	fmt.Fprintf(&out, "%s ApplicationSet/%s in %s\n@@ element of %s\n", sign, is.GetName(), a.cfg.Namespace, e.Name)
	all := e.was.clone()
	if all == nil {
		all = element{}
	}
	for key, value := range e.will {
		all[key] = value
	}
	for _, key := range sorted(all) {
		was, had := e.was[key]
		will, has := e.will[key]
		switch {
		case had && has && same(was, will):
			fmt.Fprintf(&out, "  %s: %s\n", bounded(key), bounded(text(was)))
			continue
		case had:
			fmt.Fprintf(&out, "- %s: %s\n", bounded(key), bounded(text(was)))
		}
		if has {
			fmt.Fprintf(&out, "+ %s: %s\n", bounded(key), bounded(text(will)))
		}
	}
	return out.String()
}

func sorted(e element) []string {
	var keys []string
	for key := range e {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
