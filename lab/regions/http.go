package regions

import (
	"context"
	"net/http"
	"strings"

	"github.com/rap-analyzer/rapbot/lab/api"
)

// Handler serves the fleet's part of the lab's API, as docs/lab.md describes it.
func (f *Fleet) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /lab/fleet", api.Handle(f.serveFleet))
	mux.HandleFunc("POST /lab/break", api.Handle(f.serveBreak))
	mux.HandleFunc("GET /lab/links", api.Handle(f.serveLinks))
	mux.HandleFunc("POST /lab/links", api.Handle(f.serveChangeLink))
	mux.HandleFunc("POST /lab/instances/{region}/{act}", api.Handle(f.serveInstance))
	for _, verb := range []string{divergeVerb, rewindVerb, rebuildVerb} {
		mux.HandleFunc("POST /lab/instances/{region}/"+verb, f.serveVolume(verb))
	}
	mux.HandleFunc("GET /lab/writer", api.Handle(f.serveCounters))
	mux.HandleFunc("POST /lab/writer/reset-gap", api.Handle(f.serveResetGap))
	mux.HandleFunc("GET /lab/writer/acked", api.Handle(f.serveAcked))
	mux.HandleFunc("GET /lab/writer/check", api.Handle(f.serveCheck))
	return mux
}

func (f *Fleet) serveFleet(ctx context.Context, _ *http.Request) (any, error) {
	result := api.Object{"regions": f.Status(ctx)}
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
		return api.Object{"state": instanceState(server)}, nil
	default:
		return nil, api.Refuse(http.StatusNotFound, "no act %q: use start-primary, start-replica, stop, status, divergence, rewind or rebuild", act)
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
	return api.Object{"ok": true, "region": server.Name, "state": server.State()}, nil
}

func (f *Fleet) find(region string) (*Server, error) {
	if server := f.Region(region); server != nil {
		return server, nil
	}
	var names []string
	for _, server := range f.servers {
		names = append(names, server.Name)
	}
	return nil, api.Refuse(http.StatusNotFound, "no region %q: the fleet has %s", region, strings.Join(names, ", "))
}

func (f *Fleet) needWriter() (*Writer, error) {
	if writer := f.Writer(); writer != nil {
		return writer, nil
	}
	return nil, api.Refuse(http.StatusConflict, "no writer runs")
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
	return api.Object{"ok": true}, nil
}

func (f *Fleet) serveAcked(context.Context, *http.Request) (any, error) {
	writer, err := f.needWriter()
	if err != nil {
		return nil, err
	}
	return api.Object{"ids": writer.Acked()}, nil
}

func (f *Fleet) serveCheck(ctx context.Context, _ *http.Request) (any, error) {
	writer, err := f.needWriter()
	if err != nil {
		return nil, err
	}
	return writer.Check(ctx)
}
