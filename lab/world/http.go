package world

import (
	"context"
	"net/http"

	"github.com/rap-analyzer/rapbot/lab/api"
)

// serveBot kills the bot or starts it again.
func (w *World) serveBot(ctx context.Context, r *http.Request) (any, error) {
	var wish struct {
		What string `json:"what"`
	}
	if err := api.Read(r, &wish, `{"what":"kill"}`); err != nil {
		return nil, err
	}
	var err error
	switch wish.What {
	case "kill":
		err = w.KillBot()
	case "start":
		err = w.StartBot(ctx)
	default:
		err = api.Refuse(http.StatusBadRequest, "what cannot be %q: use kill or start", wish.What)
	}
	return api.Object{"ok": true, "pid": w.BotPID()}, err
}

// serveAlert posts an alert to the bot as Alertmanager would.
func (w *World) serveAlert(ctx context.Context, r *http.Request) (any, error) {
	var wish alertWish
	if err := api.Read(r, &wish, `{"status":"firing","region":"eu-west-1"}`); err != nil {
		return nil, err
	}
	return api.Object{"ok": true}, w.sendAlert(ctx, wish)
}
