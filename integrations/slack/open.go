package slack

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// triggerLife is how long a trigger opens a form.
const triggerLife = 3 * time.Second

const notOpened = "Nothing was changed."

// OpenForm opens a dialog. Its submission is answered where the event that it
// was opened for came from.
func (a *Adapter) OpenForm(ctx context.Context, trigger string, f rapbot.Form) error {
	view, err := modal(f, a.forms.of(trigger))
	if err != nil {
		return &rapbot.Error{Code: rapbot.Internal, What: "The dialog could not be made.", Changed: notOpened, Now: "The log of rapbot has the details.", Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, triggerLife)
	defer cancel()
	open := func() error {
		return a.call(ctx, "views.open", "", once, func(ctx context.Context) error {
			_, err := a.api.OpenViewContext(ctx, trigger, view)
			return err
		})
	}
	err = open()
	var doubt doubtful
	if errors.As(err, &doubt) && ctx.Err() == nil {
		// A trigger opens one form, so a second try cannot open another.
		if err = open(); refusal(err) == "exchanged_trigger_id" {
			return nil
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		a.log.Warn("form not opened in time")
		return &rapbot.Error{Code: rapbot.Expired, What: "The dialog could not be opened within Slack's three seconds.", Changed: notOpened, Now: "Ask for it again."}
	}
	return a.told("views.open", err, notOpened)
}

// keptOrigins bounds the triggers remembered, far above what comes in the
// three seconds of one's life.
const keptOrigins = 1000

// origins remember where triggers came from.
type origins struct {
	mu    sync.Mutex
	place map[string]rapbot.Place
	ring  []string
	next  int
}

func newOrigins() *origins {
	return &origins{place: map[string]rapbot.Place{}, ring: make([]string, keptOrigins)}
}

func (o *origins) remember(trigger string, at rapbot.Place) {
	if trigger == "" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.place, o.ring[o.next])
	o.place[trigger], o.ring[o.next] = at, trigger
	o.next = (o.next + 1) % len(o.ring)
}

func (o *origins) of(trigger string) rapbot.Place {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.place[trigger]
}
