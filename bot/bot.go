package bot

import (
	"context"
	"errors"
	"sort"
	"strconv"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/deploy"
)

// Clock is the time, so that conversations can be played with a fixed one.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// Options is everything a Bot works with. All fields are needed except
// Log, LagHistories, Explain and Silences.
type Options struct {
	Fleet             rapbot.Fleet
	Sites             []rapbot.Site
	Limits            rapbot.Limits
	Doers             map[rapbot.StepKind]rapbot.Doer
	Deployer          *deploy.Deployer                                         // nil when the regions' Kubernetes cannot be reached from here
	Instance          func(ctx context.Context, region string) *rapbot.Witness // what a region's instance says; nil when there is none
	Volumes           map[string]rapbot.Volume                                 // of the regions whose data can be reached
	Operations        rapbot.Operations
	Samples           rapbot.Samples
	Inbox             alert.Inbox
	Notes             rapbot.Notes
	Chat              rapbot.Chat
	Directory         rapbot.Directory
	AlertCard         func(alert.Group, time.Time) (rapbot.Message, error) // the card is always good; an error is told in its thread
	Room              func(channel string) int                             // how many messages the chat would take there now; nil when it has no limit
	OperationsChannel string
	AlertsChannel     string
	Routes            []Route // of alerts, to other channels
	Watchdog          Watchdog
	Escalate          Escalation
	Silences          alert.Silences // nil when Alertmanager cannot be reached from here
	LongestSilence    time.Duration  // that may be asked for in chat
	EmergencyDrills   bool           // a healthy primary may be given up for an exercise
	TryWrite          func(ctx context.Context) rapbot.WriteTry
	DrawWrites        func([]rapbot.WriteTry, []rapbot.Moment) (rapbot.File, error)
	DrawLag           func(rapbot.LagReport) (rapbot.File, error)
	LagHistories      []rapbot.LagHistory // asked before rapbot's own samples
	ObserveEvery      time.Duration       // the pause between two looks at a region
	Firings           alert.Firings
	Explain           Explain
	ExpireAfter       time.Duration // how long a proposal waits for its second person
	Clock             Clock
	Holder            string // who holds the lease, for people: host and process
	Log               *zap.Logger
}

// Bot is the running bot.
type Bot struct {
	opt     Options
	log     *zap.Logger
	book    *book
	screen  *screen
	alerts  *alerts
	notices *notices
	vigil   *vigil // nil until the first look at the watchdog

	sampled map[string]time.Time // region -> its newest sample that is kept
	listed  map[string]listed    // group -> what Alertmanager's own list says of it
	tries   tries                // writes tried during a drill
	telling map[string]*telling  // explanations under way, by group and firing; of explainAlerts
}

// New makes a bot; Begin and then Run start it.
func New(opt Options) *Bot {
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	b := &Bot{opt: opt, log: opt.Log, book: newBook(opt.Operations, opt.Clock), sampled: map[string]time.Time{}, telling: map[string]*telling{}}
	b.screen = &screen{book: b.book, chat: opt.Chat, channel: opt.OperationsChannel, shown: map[string]string{}}
	b.alerts = newAlerts(opt)
	b.alerts.card = b.alertCard
	b.notices = &notices{chat: opt.Chat, wake: make(chan struct{}, 1)}
	return b
}

// Begin takes the lease and reads the journal. Code Conflict when another
// process holds the lease.
func (b *Bot) Begin(ctx context.Context) error {
	if err := b.book.open(ctx, b.opt.Holder); err != nil {
		return err
	}
	return b.alerts.load(ctx) // before anybody asks what waits
}

// Run makes moves, shows operations and shows alerts until ctx ends or the
// lease is lost. Begin comes first.
func (b *Bot) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.runMoves(ctx) })
	g.Go(func() error { return b.keepSamples(ctx) })
	g.Go(func() error { return b.watchAftermath(ctx) })
	g.Go(func() error { return b.watchDrills(ctx) })
	g.Go(func() error { return b.tryWrites(ctx) })
	g.Go(func() error { return b.explainAlerts(ctx) })
	g.Go(func() error { return b.watchSilences(ctx) })
	g.Go(func() error { return b.keep(ctx, "show operations", b.book.changes, b.screen.showCards) })
	g.Go(func() error { return b.keep(ctx, "tell the news", b.book.changes, b.screen.tellNews) })
	g.Go(func() error { return b.keep(ctx, "take alerts in", b.alerts.waiting, b.alerts.takeIn) })
	g.Go(func() error { return b.alerts.show(ctx) })
	g.Go(func() error { return b.keep(ctx, "tell of silences", b.notices.waiting, b.notices.work) })
	g.Go(func() error { return b.tendAlerts(ctx) })
	err := g.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Busy reports whether steps are being carried out or undone.
func (b *Bot) Busy() bool {
	for _, o := range b.book.all() {
		if o.State == rapbot.Running {
			return true
		}
	}
	return false
}

// WakeAlerts tells the bot that a delivery was accepted.
func (b *Bot) WakeAlerts() { b.alerts.nudge() }

// retryEvery is how soon something that could not be shown is tried again.
const retryEvery = 2 * time.Second

// keep does work now and after every change, and again soon after a failure.
func (b *Bot) keep(ctx context.Context, what string, changes func() <-chan struct{}, work func(context.Context) error) error {
	for {
		changed := changes() // before the work: what comes during it is not missed
		err := work(ctx)
		var again <-chan time.Time
		if err != nil && ctx.Err() == nil {
			b.log.Warn(what, zap.Error(err))
			again = time.After(retryEvery)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-again:
		}
	}
}

func (b *Bot) runMoves(ctx context.Context) error {
	for {
		changed := b.book.changes()
		wake, err := b.Settle(ctx)
		if rapbot.ErrorCode(err) == rapbot.Superseded {
			return err // R6: another holds the lease; nothing more is done here
		}
		var timer <-chan time.Time
		switch {
		case err != nil && ctx.Err() == nil:
			b.log.Error("move", zap.Error(err))
			timer = time.After(retryEvery)
		case !wake.IsZero():
			timer = time.After(max(0, wake.Sub(b.opt.Clock.Now())))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-timer:
		}
	}
}

func sortByID(ops []rapbot.Operation) {
	sort.Slice(ops, func(i, j int) bool {
		a, _ := strconv.ParseInt(ops[i].ID, 10, 64)
		b, _ := strconv.ParseInt(ops[j].ID, 10, 64)
		return a < b
	})
}

// Show puts up what is not up yet, alerts and operations, once.
func (b *Bot) Show(ctx context.Context) error {
	return errors.Join(b.notices.work(ctx), b.alerts.work(ctx), b.screen.tellNews(ctx), b.screen.showCards(ctx))
}
