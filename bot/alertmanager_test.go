package bot_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// fakeAlertmanager keeps silences as Alertmanager does, where plays care.
type fakeAlertmanager struct {
	clock    *fakeClock
	silences []alert.Silence
	firing   []map[string]string // what its own list shows
	down     bool
	none     bool // rapbot is not told where it is
}

// port is nil, and no typed nil, when it is not configured.
func (f *fakeAlertmanager) port() alert.Silences {
	if f.none {
		return nil
	}
	return f
}

// change is a play's "alertmanager: api" line.
func (f *fakeAlertmanager) change(words string) {
	switch verb, id, _ := strings.Cut(words, " "); verb {
	case "down", "up":
		f.down = verb == "down"
	case "none":
		f.none = true
	case "lists-nothing":
		f.firing = nil
	case "ends": // on its own page
		for i := range f.silences {
			if f.silences[i].ID == id {
				f.silences[i].EndsAt = f.clock.Now()
			}
		}
	}
}

func (f *fakeAlertmanager) answers() error {
	if f.down {
		return &rapbot.Error{Code: rapbot.Unavailable, What: "Alertmanager gives no answer.", Changed: "Nothing was changed.", Now: "Try again in a moment, or use Alertmanager's own page."}
	}
	return nil
}

func (f *fakeAlertmanager) Create(_ context.Context, s alert.Silence) (string, error) {
	if err := f.answers(); err != nil {
		return "", err
	}
	s.ID, s.By = fmt.Sprintf("silence-%d", len(f.silences)+1), rapbot.Person{} // it knows no more than createdBy
	f.silences = append(f.silences, s)
	return s.ID, nil
}

func (f *fakeAlertmanager) ByID(_ context.Context, id string) (alert.Silence, error) {
	if err := f.answers(); err != nil {
		return alert.Silence{}, err
	}
	for _, s := range f.silences {
		if s.ID == id {
			if s.State = alert.SilenceActive; !f.clock.Now().Before(s.EndsAt) {
				s.State = alert.SilenceExpired
			}
			return s, nil
		}
	}
	return alert.Silence{}, rapbot.Refuse(rapbot.NotFound, "Alertmanager knows no such silence.", "See /rap alerts.")
}

func (f *fakeAlertmanager) Expire(ctx context.Context, id string) error {
	s, err := f.ByID(ctx, id)
	if err != nil {
		return err
	}
	if s.State == alert.SilenceExpired {
		return &rapbot.Error{Code: rapbot.Settled, What: "This silence has ended already.", Changed: "Nothing was changed by this.", Now: "See /rap alerts."}
	}
	f.change("ends " + id)
	return nil
}

func (f *fakeAlertmanager) List(ctx context.Context) ([]alert.Silence, error) {
	if err := f.answers(); err != nil {
		return nil, err
	}
	var out []alert.Silence
	for _, s := range f.silences {
		if now, err := f.ByID(ctx, s.ID); err == nil && now.State == alert.SilenceActive {
			out = append(out, now)
		}
	}
	return out, nil
}

func (f *fakeAlertmanager) Firing(context.Context) ([]map[string]string, error) {
	return f.firing, f.answers()
}
