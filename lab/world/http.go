package world

import (
	"encoding/json"
	"net/http"
)

// serveBot kills the bot or starts it again.
func (w *World) serveBot(rw http.ResponseWriter, r *http.Request) {
	var wish struct {
		What string `json:"what"`
	}
	err := read(r, &wish)
	if err == nil {
		switch wish.What {
		case "kill":
			err = w.KillBot()
		case "start":
			err = w.StartBot(r.Context())
		default:
			err = errNoSuch
		}
	}
	reply(rw, map[string]any{"ok": true, "pid": w.BotPID()}, err)
}

// serveAlert posts an alert to the bot as Alertmanager would.
func (w *World) serveAlert(rw http.ResponseWriter, r *http.Request) {
	var wish alertWish
	err := read(r, &wish)
	if err == nil {
		err = w.sendAlert(r.Context(), wish)
	}
	reply(rw, map[string]any{"ok": true}, err)
}

func read(r *http.Request, into any) error {
	return json.NewDecoder(http.MaxBytesReader(nil, r.Body, 64<<10)).Decode(into)
}

func reply(rw http.ResponseWriter, value any, err error) {
	rw.Header().Set("Content-Type", "application/json")
	if err != nil {
		rw.WriteHeader(http.StatusBadRequest)
		value = map[string]any{"ok": false, "error": err.Error()}
	}
	_ = json.NewEncoder(rw).Encode(value) // the caller has gone
}
