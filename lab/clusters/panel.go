package clusters

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/lab/api"
	"github.com/rap-analyzer/rapbot/lab/kubernetes"
	"github.com/rap-analyzer/rapbot/lab/line"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// Handler serves the fleet's part of the lab's API, as docs/lab.md describes it.
func (f *Fleet) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /lab/fleet", api.Handle(f.serveFleet))
	mux.HandleFunc("POST /lab/break", api.Handle(f.serveBreak))
	mux.HandleFunc("GET /lab/writer/check", api.Handle(f.serveCheck))
	mux.HandleFunc("POST /lab/writer/reset-gap", api.Handle(func(context.Context, *http.Request) (any, error) {
		f.rows.resetGap()
		return api.Object{"ok": true}, nil
	}))
	return mux
}

func (f *Fleet) serveFleet(ctx context.Context, _ *http.Request) (any, error) {
	counters, err := f.rows.counters()
	result := api.Object{"regions": f.look(ctx)}
	if counters != nil {
		result["writer"] = counters
	}
	return result, err
}

// breakages are what can be done to a region, by name.
var breakages = map[string]func(context.Context, *Fleet, *kubernetes.Region) error{
	"freeze-api": func(_ context.Context, _ *Fleet, r *kubernetes.Region) error { return r.Freeze() },
	"thaw-api":   func(_ context.Context, _ *Fleet, r *kubernetes.Region) error { return r.Thaw() },
	"dark": func(_ context.Context, f *Fleet, r *kubernetes.Region) error {
		f.Isolate(r.Name, line.Stalled)
		return nil
	},
	"light": func(_ context.Context, f *Fleet, r *kubernetes.Region) error { f.Isolate(r.Name, line.OK); return nil },
	"delete-pod": func(ctx context.Context, _ *Fleet, r *kubernetes.Region) error {
		return r.Client.CoreV1().Pods(Namespace).Delete(ctx, servers[r.Name]+"-0", meta.DeleteOptions{})
	},
}

// acts are the breakages that make sense as a region is.
func acts(v view) (all []string) {
	if v.State == regions.Running && v.API != "frozen" {
		all = append(all, "delete-pod")
	}
	if v.API == "frozen" {
		all = append(all, "thaw-api")
	} else {
		all = append(all, "freeze-api")
	}
	if *v.Dark {
		return append(all, "light")
	}
	return append(all, "dark")
}

func (f *Fleet) serveBreak(ctx context.Context, r *http.Request) (any, error) {
	var asked struct{ What, Region string }
	if err := api.Read(r, &asked, `{"what":"freeze-api","region":"us-east-1"}`); err != nil {
		return nil, err
	}
	region := f.Region(asked.Region)
	if region == nil {
		return nil, api.Refuse(http.StatusNotFound, "no region %q: the fleet has %s", asked.Region, strings.Join(f.names(), ", "))
	}
	act, known := breakages[asked.What]
	if !known {
		all := slices.Sorted(maps.Keys(breakages))
		return nil, api.Refuse(http.StatusBadRequest, "what cannot be %q: use one of %s", asked.What, strings.Join(all, ", "))
	}
	return api.Object{"ok": true, "region": region.Name}, act(ctx, f, region)
}

func (f *Fleet) serveCheck(ctx context.Context, _ *http.Request) (any, error) {
	for _, v := range f.look(ctx) {
		if v.Role != "primary" {
			continue
		}
		missing, acknowledged, err := f.Missing(ctx, v.Name)
		lost := []string{}
		for _, row := range missing {
			lost = append(lost, row.Key())
		}
		return api.Object{"acknowledged": len(acknowledged), "found": len(acknowledged) - len(lost), "lost": lost}, err
	}
	return nil, api.Refuse(http.StatusConflict, "no region is primary, so that nobody can be asked for the rows")
}

func (f *Fleet) names() (all []string) {
	for _, r := range f.Lab.Regions() {
		all = append(all, r.Name)
	}
	return all
}
