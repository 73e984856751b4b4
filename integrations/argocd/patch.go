package argocd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/rap-analyzer/rapbot"
)

// Apply implements rapbot.Releases. It returns when the ApplicationSet says so;
// what Argo CD makes of it is told by Keeping.
func (a *Argo) Apply(ctx context.Context, c rapbot.Change) (rapbot.Release, error) {
	return a.change(ctx, c.Region, c.Part, a.set(c))
}

// RollBack implements rapbot.Releases. Revision 0 takes the region's element out;
// whether its objects stay is the ApplicationSet's to say.
func (a *Argo) RollBack(ctx context.Context, region string, part rapbot.Part, number int) (rapbot.Release, error) {
	return a.change(ctx, region, part, a.goBack(number))
}

// mostTries bounds how often a change is made anew because something else of the
// ApplicationSet was changed at the same moment.
const mostTries = 5

func (a *Argo) change(ctx context.Context, region string, part rapbot.Part, w wish) (rapbot.Release, error) {
	r, err := a.region(region, part)
	if err != nil {
		return rapbot.Release{}, err
	}
	object := fmt.Sprintf("The element of %s in the ApplicationSet %s", region, a.cfg.ApplicationSet)
	released, err := within(ctx, a, func(ctx context.Context) (rapbot.Release, error) { return a.attempt(ctx, r, w) })
	return released, a.failed(err, object, "changed")
}

func (a *Argo) attempt(ctx context.Context, r Region, w wish) (rapbot.Release, error) {
	var first *edit
	for range mostTries {
		s, err := a.load(ctx)
		if err != nil {
			return rapbot.Release{}, err
		}
		e, err := w(s, r)
		if err != nil {
			return rapbot.Release{}, err
		}
		switch {
		case first == nil:
			first = &e
		case !same(first.was, e.was):
			return rapbot.Release{}, a.overtaken(s, r, first.was, e.was)
		}
		if s != nil && same(e.was, e.will) {
			return s.tell(r, e.history[0], true), nil
		}
		out, err := a.send(ctx, s, e, nil)
		if err == nil || !overtaken(err) {
			return out, err
		}
	}
	return rapbot.Release{}, rapbot.Refuse(rapbot.Conflict, fmt.Sprintf("The ApplicationSet %s is being changed by something else all the time.", a.cfg.ApplicationSet),
		"Find out what does that, and try again.")
}

// overtaken reports whether somebody else was faster.
func overtaken(err error) bool {
	var status apierrors.APIStatus
	tested := errors.As(err, &status) && status.Status().Code == 422 && strings.Contains(status.Status().Message, "testing")
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || tested
}

func (a *Argo) overtaken(s *set, r Region, was, is element) error {
	if s == nil {
		s = newSet(a.manifest)
	}
	before, now := s.version(was), s.version(is)
	return rapbot.Refuse(rapbot.Conflict, fmt.Sprintf("Somebody else has just changed the element of %s in the ApplicationSet %s: its version was %s and is %s.", r.Name, a.cfg.ApplicationSet, before, now),
		"Look who did that and why, then try again.")
}

// dry has the API server look at a request and change nothing.
var dry = []string{metav1.DryRunAll}

// send makes one attempt.
func (a *Argo) send(ctx context.Context, s *set, e edit, how []string) (rapbot.Release, error) {
	history, err := grown(e.history, a.cfg.Now(), e.words, e.will)
	if err != nil {
		return rapbot.Release{}, err
	}
	if s == nil {
		return a.create(ctx, e, history, how)
	}
	patch, err := json.Marshal(s.operations(e, history))
	if err != nil {
		return rapbot.Release{}, err
	}
	o, err := a.of(sets).Patch(ctx, s.GetName(), types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: "rapbot", DryRun: how})
	if err != nil || how != nil {
		return rapbot.Release{}, err
	}
	return a.after(newSet(o), e)
}

// after is the release that a change has led to.
func (a *Argo) after(s *set, e edit) (rapbot.Release, error) {
	if e.will == nil {
		out := s.tell(e.Region, e.history[0], true)
		out.Revision, out.Status, out.Words = 0, "uninstalled", "Taken out of the ApplicationSet"
		return out, nil
	}
	history, err := a.there(s, e.Region)
	if err != nil {
		return rapbot.Release{}, err
	}
	return s.tell(e.Region, history[0], true), nil
}

// operation is one of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// operations are a patch that fails when anything that it rests upon has
// changed: the element's place, the values that it replaces, and by the version of
// the whole object what cannot be named one by one.
func (s *set) operations(e edit, history string) []operation {
	all := []operation{{"replace", "/metadata/resourceVersion", s.GetResourceVersion()}}
	now, there := s.find(e.Name)
	switch {
	case !there:
		all = append(all, operation{"add", fmt.Sprintf("/spec/generators/%d/list/elements/-", s.list()), e.will})
	case e.will == nil:
		at := fmt.Sprintf("/spec/generators/%d/list/elements/%d", now.generator, now.index)
		all = append(all, operation{"test", at, now.element}, operation{Op: "remove", Path: at})
	default:
		at := fmt.Sprintf("/spec/generators/%d/list/elements/%d/", now.generator, now.index)
		all = append(all, operation{"test", at + escaped(s.regionKey()), now.element[s.regionKey()]})
		all = append(all, keys(at, now.element, e.will)...)
	}
	return append(all, s.noted(e, history)...)
}

// keys are the operations that make one element the other.
func keys(at string, was, will element) []operation {
	var all []operation
	for _, key := range sorted(was) {
		value, stays := will[key]
		switch {
		case !stays:
			all = append(all, operation{"test", at + escaped(key), was[key]}, operation{Op: "remove", Path: at + escaped(key)})
		case !same(was[key], value):
			all = append(all, operation{"test", at + escaped(key), was[key]}, operation{"replace", at + escaped(key), value})
		}
	}
	for _, key := range sorted(will) {
		if _, was := was[key]; !was {
			all = append(all, operation{"add", at + escaped(key), will[key]})
		}
	}
	return all
}

// noted are the operations that write the history down.
func (s *set) noted(e edit, history string) []operation {
	path := "/metadata/annotations/" + escaped(historyKey(e.Name))
	was, has := s.GetAnnotations()[historyKey(e.Name)]
	switch {
	case e.will == nil && !has:
		return nil
	case e.will == nil:
		return []operation{{Op: "remove", Path: path}}
	case s.GetAnnotations() == nil:
		return []operation{{"add", "/metadata/annotations", map[string]string{historyKey(e.Name): history}}}
	case has:
		return []operation{{"test", path, was}, {"replace", path, history}}
	}
	return []operation{{"add", path, history}}
}

// escaped is a key as part of a JSON pointer.
func escaped(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }
