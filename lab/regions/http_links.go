package regions

import (
	"context"
	"net/http"
	"time"

	"github.com/rap-analyzer/rapbot/lab/api"
)

// linkLine is a link in GET /lab/links.
type linkLine struct {
	From        string    `json:"from"`
	To          string    `json:"to"`
	State       LinkState `json:"state"`
	DelayMS     int64     `json:"delay_ms"`
	JitterMS    int64     `json:"jitter_ms"`
	Connections int       `json:"connections"`
}

func (l *Link) shown() linkLine {
	traffic := l.line.Traffic()
	return linkLine{
		From: l.Viewer, To: l.Region, State: traffic.State, DelayMS: traffic.Delay.Milliseconds(), JitterMS: traffic.Jitter.Milliseconds(),
		Connections: l.line.Connections(),
	}
}

func (f *Fleet) serveLinks(context.Context, *http.Request) (any, error) {
	lines := []linkLine{}
	for _, link := range f.Links() {
		lines = append(lines, link.shown())
	}
	return api.Object{"links": lines}, nil
}

// serveChangeLink changes what the body names and leaves the rest of the link as it is.
func (f *Fleet) serveChangeLink(_ context.Context, r *http.Request) (any, error) {
	var asked struct {
		From, To string
		State    LinkState
		DelayMS  *int `json:"delay_ms"`
		JitterMS int  `json:"jitter_ms"`
	}
	if err := api.Read(r, &asked, `{"from":"bot","to":"us-east-1","state":"stall"}`); err != nil {
		return nil, err
	}
	switch asked.State {
	case "", LinkOK, LinkCut, LinkStalled:
	default:
		return nil, api.Refuse(http.StatusBadRequest, "state cannot be %q: use %s, %s or %s", asked.State, LinkCut, LinkStalled, LinkOK)
	}
	var d, jitter time.Duration
	if asked.DelayMS != nil {
		var err error
		if d, jitter, err = delays(*asked.DelayMS, asked.JitterMS); err != nil {
			return nil, err
		}
	}
	link := f.Link(asked.From, asked.To)
	if link == nil {
		if len(f.Links()) == 0 {
			return nil, errNoLinks
		}
		return nil, api.Refuse(http.StatusNotFound, "%s", f.noLink(asked.From, asked.To))
	}
	if asked.DelayMS != nil {
		link.Delay(d, jitter)
	}
	if asked.State != "" {
		link.set(asked.State)
	}
	return api.Object{"ok": true, "link": link.shown()}, nil
}
