package slack

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	sdk "github.com/slack-go/slack"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot"
)

var (
	_ rapbot.Chat      = (*Adapter)(nil)
	_ rapbot.Directory = (*Adapter)(nil)
)

// Adapter is rapbot's Slack. What it says and whom it knows work from the
// moment it is made; what people do arrives while Run runs, which is once.
type Adapter struct {
	cfg     Config
	log     *zap.Logger
	http    *http.Client
	api     *sdk.Client
	started time.Time
	life    context.Context // of edits and of answers; ends when Run has ended
	end     context.CancelFunc

	gate   *gate
	desk   *desk
	pacer  *pacer
	pages  *pages
	past   *past
	forms  *origins
	groups *groups
	health *health
	counts counts

	me struct {
		sync.Mutex
		identity
	}
}

// identity is who rapbot is in its workspace.
type identity struct{ team, user string }

// counts are for metrics.
type counts struct {
	handled, duplicates, busy, unacknowledged, panics, limited atomic.Int64
}

// Counts are what has happened since the start.
type Counts struct {
	Handled        int64 // events given to the handler
	Duplicates     int64 // events that came again
	Busy           int64 // events refused because the queue was full
	Unacknowledged int64 // events that Slack could not be told of in time
	Panics         int64 // of handlers
	RateLimited    int64 // calls that Slack answered with 429
}

// New makes an adapter. It calls nobody yet; what can be wrong with the
// configuration by itself is said at once.
func New(cfg Config, handler Handler) (*Adapter, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if handler == nil {
		return nil, errors.New("slack: a handler is needed")
	}
	a := &Adapter{
		cfg: cfg, log: cfg.Log, http: httpClient(cfg.HTTPClient, cfg.Timeout), started: time.Now(),
		gate: newGate(), pacer: newPacer(), pages: newPages(), past: newPast(), forms: newOrigins(), groups: newGroups(), health: &health{},
	}
	a.life, a.end = context.WithCancel(context.Background())
	a.desk = newDesk(handler, cfg.FirstTime, a.log, &a.counts, cfg.Queue)
	a.api = sdk.New(cfg.BotToken, sdk.OptionAPIURL(cfg.APIURL), sdk.OptionHTTPClient(a.http), sdk.OptionLog(log.New(io.Discard, "", 0)))
	return a, nil
}

// Run takes events in until ctx ends, then lets those under way finish for a
// few seconds and sends the edits that are due. It returns an error only when
// Slack refuses a token for good; everything else is waited out.
func (a *Adapter) Run(ctx context.Context) error {
	defer a.end()
	if err := a.introduce(ctx); err != nil {
		return err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	home := make(chan struct{})
	for range a.cfg.Workers {
		go a.desk.work(work, home)
	}
	links, linksCtx := errgroup.WithContext(ctx)
	for i := range a.cfg.Connections {
		l := &link{a: a, log: a.log.With(zap.Int("link", i+1))}
		links.Go(func() error { return l.run(linksCtx) })
	}
	err := links.Wait()
	if err != nil {
		a.log.Error("slack refused", zap.Error(err))
	}

	grace, cancel := context.WithTimeout(work, a.cfg.Grace)
	defer cancel()
	a.desk.drain(grace)
	close(home)
	stop()
	last, cancelLast := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Grace)
	defer cancelLast()
	a.desk.abandon(last)
	a.pages.flush(last)
	return err
}

// introduce learns who rapbot is, for as long as it takes Slack to answer.
func (a *Adapter) introduce(ctx context.Context) error {
	for n := 0; ; n++ {
		_, err := a.whoAmI(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if final := either(fatal("bot token", err), nowhere(err)); final != nil {
			a.log.Error("slack refused", zap.Error(final))
			return final
		}
		a.health.failed(err)
		a.log.Warn("slack gives no answer", zap.Error(scrub(err)))
		if sleep(ctx, backoff(n, time.Second, openPause)) != nil {
			return nil
		}
	}
}

// whoAmI asks Slack once and remembers.
func (a *Adapter) whoAmI(ctx context.Context) (identity, error) {
	a.me.Lock()
	defer a.me.Unlock()
	if a.me.user != "" {
		return a.me.identity, nil
	}
	err := a.call(ctx, "auth.test", "", repeatable, func(ctx context.Context) error {
		r, err := a.api.AuthTestContext(ctx)
		if err == nil {
			a.me.identity = identity{team: r.TeamID, user: r.UserID}
		}
		return err
	})
	return a.me.identity, err
}

// self is rapbot's own user ID, empty as long as it is not known.
func (a *Adapter) self() string {
	a.me.Lock()
	defer a.me.Unlock()
	return a.me.user
}

// Counts returns what has happened since the start.
func (a *Adapter) Counts() Counts {
	c := &a.counts
	return Counts{
		Handled: c.handled.Load(), Duplicates: c.duplicates.Load(), Busy: c.busy.Load(),
		Unacknowledged: c.unacknowledged.Load(), Panics: c.panics.Load(), RateLimited: c.limited.Load(),
	}
}

// Health reports how many connections are up, when Slack last sent an event,
// and what went wrong last unless a connection has come up since.
func (a *Adapter) Health() (connected int, lastEvent time.Time, err error) {
	return a.health.read()
}

type health struct {
	mu        sync.Mutex
	connected int
	last      time.Time
	err       error
}

func (h *health) up() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.connected++
	h.err = nil
}

func (h *health) down() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.connected--
}

func (h *health) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = scrub(err)
}

func (h *health) heard() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = time.Now()
}

func (h *health) read() (int, time.Time, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.connected, h.last, h.err
}
