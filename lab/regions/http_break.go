package regions

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/lab/api"
)

// wish is the body of POST /lab/break. Which of the figures count depends on What.
type wish struct {
	What     string
	Region   string
	MS       *int `json:"ms"`
	JitterMS int  `json:"jitter_ms"`
	MB       *int `json:"mb"`
}

// breakage breaks or mends something of one region.
type breakage func(ctx context.Context, f *Fleet, s *Server, w wish) error

var breakages = map[string]breakage{
	"kill":          func(_ context.Context, _ *Fleet, s *Server, _ wish) error { return s.Kill() },
	"stop":          func(ctx context.Context, _ *Fleet, s *Server, _ wish) error { return s.Stop(ctx) },
	"start":         func(ctx context.Context, _ *Fleet, s *Server, _ wish) error { return s.Start(ctx) },
	"freeze":        func(_ context.Context, _ *Fleet, s *Server, _ wish) error { return s.Freeze() },
	"thaw":          func(_ context.Context, _ *Fleet, s *Server, _ wish) error { return s.Thaw() },
	"pause-replay":  func(ctx context.Context, _ *Fleet, s *Server, _ wish) error { return s.PauseReplay(ctx) },
	"resume-replay": func(ctx context.Context, _ *Fleet, s *Server, _ wish) error { return s.ResumeReplay(ctx) },
	"lose-slot":     func(ctx context.Context, _ *Fleet, s *Server, _ wish) error { return s.LoseSlot(ctx) },
	"cut":           func(_ context.Context, f *Fleet, s *Server, _ wish) error { return f.Isolate(s.Name, LinkCut) },
	"stall":         func(_ context.Context, f *Fleet, s *Server, _ wish) error { return f.Isolate(s.Name, LinkStalled) },
	"heal":          func(_ context.Context, f *Fleet, s *Server, _ wish) error { return f.Heal(s.Name) },
	"delay":         slowDown,
	"dark":          func(_ context.Context, f *Fleet, s *Server, _ wish) error { return f.Darken(s.Name) },
	"light":         func(_ context.Context, f *Fleet, s *Server, _ wish) error { return f.Lighten(s.Name) },
}

// longestDelay is far beyond every timeout of PostgreSQL's and the bot's; what is slower is stalled.
const longestDelay = 60_000

func slowDown(_ context.Context, f *Fleet, s *Server, w wish) error {
	if w.MS == nil {
		return api.Refuse(http.StatusBadRequest, `a delay needs "ms", the one-way delay in milliseconds`)
	}
	d, jitter, err := delays(*w.MS, w.JitterMS)
	if err != nil {
		return err
	}
	return f.Slow(s.Name, d, jitter)
}

func delays(ms, jitterMS int) (d, jitter time.Duration, err error) {
	for _, n := range []int{ms, jitterMS} {
		if n < 0 || n > longestDelay {
			return 0, 0, api.Refuse(http.StatusBadRequest, "a delay cannot be %d ms: use 0 to %d", n, longestDelay)
		}
	}
	return time.Duration(ms) * time.Millisecond, time.Duration(jitterMS) * time.Millisecond, nil
}

func (f *Fleet) serveBreak(ctx context.Context, r *http.Request) (any, error) {
	var asked wish
	if err := api.Read(r, &asked, `{"what":"kill","region":"us-east-1"}`); err != nil {
		return nil, err
	}
	if asked.What == "burn" {
		return f.serveBurn(ctx, asked)
	}
	server, err := f.find(asked.Region)
	if err != nil {
		return nil, err
	}
	act, known := breakages[asked.What]
	if !known {
		acts := append(slices.Collect(maps.Keys(breakages)), "burn")
		slices.Sort(acts)
		return nil, api.Refuse(http.StatusBadRequest, "what cannot be %q: use one of %s", asked.What, strings.Join(acts, ", "))
	}
	return done(server, act(ctx, f, server, asked))
}

// serveBurn needs no region, since only a primary writes WAL; one that is named must be it.
func (f *Fleet) serveBurn(ctx context.Context, asked wish) (any, error) {
	if asked.MB == nil || *asked.MB < 1 || *asked.MB > mostBurned {
		return nil, api.Refuse(http.StatusBadRequest, `burn needs "mb", the megabytes of WAL to write, from 1 to %d`, mostBurned)
	}
	if asked.Region != "" {
		server, err := f.find(asked.Region)
		if err != nil {
			return nil, err
		}
		if primary, err := f.Primary(ctx); err == nil && primary != server {
			return nil, api.Refuse(http.StatusConflict, "%s writes no WAL of its own: the primary is %s", server.Name, primary.Name)
		}
	}
	primary, err := f.Burn(ctx, *asked.MB)
	if err != nil {
		return nil, err
	}
	return done(primary, nil)
}
