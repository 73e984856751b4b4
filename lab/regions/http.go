package regions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// longestAct is how long an act may take that was asked for over HTTP: a shutdown waits for its checkpoint.
const longestAct = 2 * time.Minute

// refusal is an error with a status of its own, mostly of the caller's making.
type refusal struct {
	status int
	words  string
}

func (r refusal) Error() string { return r.words }

// Handler serves the fleet's part of the lab's API, as docs/lab.md describes it.
func (f *Fleet) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /lab/fleet", answer(f.serveFleet))
	mux.HandleFunc("POST /lab/break", answer(f.serveBreak))
	mux.HandleFunc("GET /lab/links", answer(f.serveLinks))
	mux.HandleFunc("POST /lab/links", answer(f.serveChangeLink))
	mux.HandleFunc("POST /lab/instances/{region}/{act}", answer(f.serveInstance))
	for _, verb := range []string{divergeVerb, rewindVerb, rebuildVerb} {
		mux.HandleFunc("POST /lab/instances/{region}/"+verb, f.serveVolume(verb))
	}
	mux.HandleFunc("GET /lab/writer", answer(f.serveCounters))
	mux.HandleFunc("POST /lab/writer/reset-gap", answer(f.serveResetGap))
	mux.HandleFunc("GET /lab/writer/acked", answer(f.serveAcked))
	mux.HandleFunc("GET /lab/writer/check", answer(f.serveCheck))
	return mux
}

type object map[string]any

// answer turns a result into JSON, and an error into {"ok":false,"error":"words"}: 4xx when the caller asked for what cannot be, 504 when
// the region is dark, 500 when the fleet could not do it.
func answer(serve func(context.Context, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), longestAct)
		defer cancel()
		result, err := serve(ctx, r)
		status := http.StatusOK
		if err != nil {
			result, status = object{"ok": false, "error": err.Error()}, statusOf(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(result) // the caller has gone
	}
}

func statusOf(err error) int {
	var refused refusal
	switch {
	case errors.As(err, &refused):
		return refused.status
	case errors.Is(err, ErrWrongRole), errors.Is(err, errNoLinks), errors.Is(err, ErrHeld):
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

func (f *Fleet) serveFleet(ctx context.Context, _ *http.Request) (any, error) {
	result := object{"regions": f.Status(ctx)}
	if writer := f.Writer(); writer != nil {
		result["writer"] = writer.Counters()
	}
	return result, nil
}

func (f *Fleet) serveInstance(ctx context.Context, r *http.Request) (any, error) {
	server, err := f.find(r.PathValue("region"))
	if err != nil {
		return nil, err
	}
	if err := server.awaitAnswer(ctx); err != nil {
		return nil, err
	}
	switch act := r.PathValue("act"); act {
	case "start-primary":
		return done(server, server.StartPrimary(ctx))
	case "start-replica":
		return done(server, server.StartReplica(ctx))
	case "stop":
		return done(server, server.Stop(ctx))
	case "status":
		return object{"state": instanceState(server)}, nil
	default:
		return nil, refusal{http.StatusNotFound, fmt.Sprintf("no act %q: use start-primary, start-replica, stop, status, divergence, rewind or rebuild", act)}
	}
}

// instanceState knows two states: the bot's commands ask whether PostgreSQL runs. A frozen server's does, a held one's does not.
func instanceState(server *Server) State {
	if state := server.State(); state == Running || state == Frozen {
		return Running
	}
	return Stopped
}

func done(server *Server, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return object{"ok": true, "region": server.Name, "state": server.State()}, nil
}

func (f *Fleet) find(region string) (*Server, error) {
	if server := f.Region(region); server != nil {
		return server, nil
	}
	var names []string
	for _, server := range f.servers {
		names = append(names, server.Name)
	}
	return nil, refusal{http.StatusNotFound, fmt.Sprintf("no region %q: the fleet has %s", region, strings.Join(names, ", "))}
}

func (f *Fleet) needWriter() (*Writer, error) {
	if writer := f.Writer(); writer != nil {
		return writer, nil
	}
	return nil, refusal{http.StatusConflict, "no writer runs"}
}

func (f *Fleet) serveCounters(context.Context, *http.Request) (any, error) {
	writer, err := f.needWriter()
	if err != nil {
		return nil, err
	}
	return writer.Counters(), nil
}

func (f *Fleet) serveResetGap(context.Context, *http.Request) (any, error) {
	writer, err := f.needWriter()
	if err != nil {
		return nil, err
	}
	writer.ResetGap()
	return object{"ok": true}, nil
}

func (f *Fleet) serveAcked(context.Context, *http.Request) (any, error) {
	writer, err := f.needWriter()
	if err != nil {
		return nil, err
	}
	return object{"ids": writer.Acked()}, nil
}

func (f *Fleet) serveCheck(ctx context.Context, _ *http.Request) (any, error) {
	writer, err := f.needWriter()
	if err != nil {
		return nil, err
	}
	return writer.Check(ctx)
}
