package argocd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rap-analyzer/rapbot"
)

// Keeping implements rapbot.Keeper: it asks anew how far Argo CD has come.
func (a *Argo) Keeping(ctx context.Context, region string, part rapbot.Part) (rapbot.Keeping, error) {
	r, err := a.region(region, part)
	if err != nil {
		return rapbot.Keeping{}, nil // nobody else keeps it: that is no error
	}
	k, err := within(ctx, a, func(ctx context.Context) (rapbot.Keeping, error) {
		s, err := a.load(ctx)
		if err != nil {
			return rapbot.Keeping{}, err
		}
		history, err := a.there(s, r)
		if err != nil {
			return rapbot.Keeping{}, err
		}
		app, err := a.get(ctx, applications, r.Application)
		if err != nil {
			return rapbot.Keeping{}, err
		}
		return a.judge(s, r, history[0].Element, app), nil
	})
	return k, a.failed(err, "The Application "+r.Application, "read")
}

// judge says what an Application has made of an element.
func (a *Argo) judge(s *set, r Region, wanted element, app *unstructured.Unstructured) rapbot.Keeping {
	k := rapbot.Keeping{By: "Argo CD"}
	if app == nil {
		k.Says = fmt.Sprintf("there is no Application %s", r.Application)
		k.Trouble = s.complaint()
		k.Stuck = k.Trouble != ""
		k.Fix = "Look at it with " + a.kubectl("describe applicationset "+s.GetName()) + "."
		return k
	}
	state := readState(app)
	k.Says = state.sync + ", " + state.health
	followed, compared := state.asks(s.values(wanted), state.settings), state.asks(s.values(wanted), state.compared)
	k.Settled = followed && compared && state.sync == "Synced" && state.health == "Healthy" && !state.working
	k.Idle = !state.automated
	k.Fix = "Look at it with " + a.kubectl("describe application "+r.Application) + "."
	switch {
	case k.Settled && state.automated:
		k.Fix = ""
	case !followed && s.complaint() != "":
		k.Trouble, k.Stuck = s.complaint(), true
		k.Fix = "Look at it with " + a.kubectl("describe applicationset "+s.GetName()) + "."
	case !followed:
		k.Says += fmt.Sprintf("; %s still asks for %s", r.Application, versionOr(state.settings["image.tag"]))
	case state.condition != "":
		k.Trouble, k.Stuck = state.condition, true
	case state.asks(s.values(wanted), state.tried) && (state.phase == "Failed" || state.phase == "Error"):
		k.Trouble, k.Stuck = "its sync has failed: "+state.message, true
	case state.working && state.retries != "" && state.retries != "0":
		k.Trouble = fmt.Sprintf("its sync is tried again (%s): %s", state.retries, state.message)
	case k.Idle:
		k.Trouble = "automated sync is off, so that it waits for somebody to sync"
		k.Fix = "Turn it on in the ApplicationSet's template (syncPolicy.automated), or sync by hand: `argocd app sync " + r.Application + "`."
	case state.health == "Degraded":
		k.Trouble, k.Stuck = strings.TrimSuffix("Degraded: "+state.why, ": "), true
	}
	return k
}

func versionOr(v string) string {
	if v == "" {
		return "something else"
	}
	return bounded(v)
}

// state is what an Application says, bounded.
type state struct {
	sync, health, why  string            // why it is not healthy
	settings, compared map[string]string // what it asks for, and what of that was compared with the cluster
	tried              map[string]string // what the newest sync was of
	phase, message     string            // of that sync
	retries            string
	working, automated bool
	condition          string // an error that is not a sync's
}

func readState(app *unstructured.Unstructured) state {
	said := func(path ...string) string {
		s, _, _ := unstructured.NestedString(app.Object, path...) // another type in its place is no text
		return bounded(s)
	}
	part := func(path ...string) map[string]string {
		m, _, _ := unstructured.NestedMap(app.Object, path...)
		return settings(m)
	}
	s := state{
		sync: said("status", "sync", "status"), health: said("status", "health", "status"), why: said("status", "health", "message"),
		settings: part("spec"), compared: part("status", "sync", "comparedTo"), tried: part("status", "operationState", "syncResult"),
		phase: said("status", "operationState", "phase"), message: said("status", "operationState", "message"),
	}
	for _, word := range []*string{&s.sync, &s.health} {
		if *word == "" {
			*word = "Unknown"
		}
	}
	retries, _, _ := unstructured.NestedFieldNoCopy(app.Object, "status", "operationState", "retryCount")
	s.retries = text(retries)
	_, asked, _ := unstructured.NestedMap(app.Object, "operation")
	s.working = asked || s.phase == "Running" || s.phase == "Terminating"
	_, s.automated, _ = unstructured.NestedMap(app.Object, "spec", "syncPolicy", "automated")
	if enabled, has, _ := unstructured.NestedBool(app.Object, "spec", "syncPolicy", "automated", "enabled"); has && !enabled {
		s.automated = false
	}
	s.condition = complaint(app, func(c map[string]any) bool { return strings.HasSuffix(text(c["type"]), "Error") })
	return s
}

// asks reports whether settings are as an element wants them.
func (s state) asks(wanted, settings map[string]string) bool {
	for name, value := range wanted {
		if settings[name] != value {
			return false
		}
	}
	return true
}

// complaint is why the ApplicationSet makes no Applications; empty when it does.
func (s *set) complaint() string {
	return complaint(s.Unstructured, func(c map[string]any) bool { return text(c["type"]) == "ErrorOccurred" && text(c["status"]) == "True" })
}

// complaint is the first condition of an object that is an error.
func complaint(o *unstructured.Unstructured, bad func(map[string]any) bool) string {
	all, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	i := slices.IndexFunc(all, func(c any) bool { m, is := c.(map[string]any); return is && bad(m) })
	if i < 0 {
		return ""
	}
	c, _ := all[i].(map[string]any)
	return text(c["type"]) + ": " + ending(text(c["message"]))
}

// ending bounds a message by its end: Argo CD begins with the whole command
// that has failed, and says last why.
func ending(message string) string {
	r := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(message, "?")), " "))
	if len(r) <= mostWords {
		return bounded(message)
	}
	return "…" + bounded(string(r[len(r)-mostWords:]))
}

// kubectl is a command that can be typed as it stands.
func (a *Argo) kubectl(words string) string {
	if a.cfg.Context != "" {
		words = "--context " + a.cfg.Context + " " + words
	}
	return "`kubectl " + words + " -n " + a.cfg.Namespace + "`"
}
