package world

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot/commands"
	"github.com/rap-analyzer/rapbot/lab/api"
	"github.com/rap-analyzer/rapbot/lab/loopback"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/workspace"
	"github.com/rap-analyzer/rapbot/lab/workspace/page"
)

// The workspace's cast, by the ids that the bot's configuration names.
const (
	ChannelOps    = "C07RAPOPS01"
	ChannelAlerts = "C07RAPALRT2"
	ApproverGroup = "S0ONCALL"
)

// Options say where a world lives and what it is made of.
type Options struct {
	Dir       string                // for world.json, logs, the journal; made when absent
	PageAddr  string                // where the page listens; a free port of loopback when empty
	Binary    string                // rapbot's binary
	Instance  string                // the binary of lab/instance
	Writer    regions.WriterOptions // how hard the application writes
	Workspace workspace.Options     // what to change of the emulated Slack
	Regions   []Region              // what the bot operates; three servers of the lab's own when empty
	Handler   http.Handler          // serves the lab's API of those, as lab/regions does of its own; none when nil
	Links     bool                  // the bot, the application and the regions reach each other through links that can be broken
	Silences  bool                  // tell the bot where an Alertmanager is, or will be: see AlertmanagerAddr
	Silencers []string              // tell the bot of Alertmanagers that are the caller's, by their URLs
	NoBot     bool                  // leave the bot out until StartBot
	Config    string                // added to the bot's configuration, as YAML
	Log       func(string, ...any)  // progress, one line each
}

// Region is a region as the bot's configuration has it.
type Region struct {
	Name      string
	DSN       string        // rapbot's login, with its password
	Address   string        // host:port under which the other regions reach its server
	SelfFence time.Duration // of its boot gate
	Config    string        // YAML that says how its server is run
}

// World is a running lab.
type World struct {
	Slack  *workspace.Workspace
	Fleet  *regions.Fleet // nil, as the writer, when the regions were given
	Writer *regions.Writer

	regions         []Region
	dir             string
	instance        string
	facts           Facts
	bot             *process
	webhook, health loopback.Reservation
	alertmanager    loopback.Reservation // zero without Silences
	silencers       []string
	mu              sync.Mutex
	firing          map[string]time.Time
	closers         []func() error // in the order of opening
}

// Up starts a world and returns when the bot is ready. What was started is
// ended again when something fails.
func Up(ctx context.Context, opt Options) (_ *World, err error) {
	if opt.Log == nil {
		opt.Log = func(string, ...any) {}
	}
	if opt.PageAddr == "" {
		opt.PageAddr = "127.0.0.1:0"
	}
	if opt.Dir, err = filepath.Abs(opt.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(opt.Dir, 0o755); err != nil {
		return nil, err
	}
	w := &World{dir: opt.Dir, instance: opt.Instance, regions: opt.Regions, silencers: opt.Silencers, firing: map[string]time.Time{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if len(w.regions) == 0 {
		if err := w.startRegions(ctx, opt); err != nil {
			return nil, err
		}
	}
	if err := w.startSlack(opt); err != nil {
		return nil, err
	}
	if err := w.prepareBot(opt); err != nil {
		return nil, err
	}
	if !opt.NoBot {
		opt.Log("starting rapbot")
		if err := w.StartBot(ctx); err != nil {
			return nil, err
		}
	}
	return w, w.writeFacts()
}

func (w *World) startRegions(ctx context.Context, opt Options) error {
	opt.Log("starting three PostgreSQL servers (about ten seconds)")
	fleet, err := regions.Start(ctx, regions.Options{Dir: filepath.Join(opt.Dir, "regions"), Links: opt.Links, Log: opt.Log})
	if err != nil {
		return err
	}
	w.Fleet = fleet
	w.closers = append(w.closers, fleet.Close)
	for _, s := range fleet.Servers() {
		w.facts.Regions = append(w.facts.Regions, RegionFacts{Name: s.Name, DSN: s.DSN(regions.Rapbot), AdminDSN: s.DSN(regions.Admin), DataDir: s.DataDir(), Log: s.LogFile()})
	}
	opt.Log("starting the writer")
	w.Writer, err = fleet.StartWriter(opt.Writer)
	return err
}

func (w *World) startSlack(opt Options) error {
	ws := opt.Workspace
	ws.Strict = true
	if ws.PageFS == nil {
		ws.PageFS = page.FS
	}
	if ws.Commands == nil {
		ws.Commands = []workspace.Command{{Command: "/rap", Description: "Operate Rap Analyzer", UsageHint: commands.Hint(), ShouldEscape: true}}
	}
	w.Slack = workspace.New(ws)
	w.mount(w.Slack.Mux(), opt.Handler)
	base, err := w.Slack.Start(opt.PageAddr)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, w.Slack.Close)
	w.facts.Page = base
	w.facts.Slack = SlackFacts{API: base + "/api/", BotToken: w.Slack.BotToken(), AppToken: w.Slack.AppToken()}
	for _, p := range w.Slack.People() {
		w.facts.People = append(w.facts.People, PersonFacts{Name: p.Name, ID: p.ID, Role: p.Role})
	}
	for _, c := range w.Slack.Channels() {
		w.facts.Channels = append(w.facts.Channels, ChannelFacts{Name: c.Name, ID: c.ID})
	}
	if w.Fleet != nil {
		w.regions = w.ofFleet()
	}
	if w.Fleet == nil {
		for _, r := range w.regions {
			w.facts.Regions = append(w.facts.Regions, RegionFacts{Name: r.Name, DSN: r.DSN})
		}
	}
	w.facts.Writer = WriterFacts{Counters: base + "/lab/writer", Acked: base + "/lab/writer/acked", Check: base + "/lab/writer/check"}
	w.facts.Lab = LabFacts{PID: os.Getpid()}
	return nil
}

// AlertmanagerAddr is where the bot looks for an Alertmanager; nothing listens
// there unless the caller starts one.
func (w *World) AlertmanagerAddr() string { return w.alertmanager.Addr() }

func (w *World) prepareBot(opt Options) (err error) {
	ports := []*loopback.Reservation{&w.webhook, &w.health}
	if opt.Silences {
		ports = append(ports, &w.alertmanager)
	}
	for _, r := range ports {
		if *r, err = loopback.Reserve(); err != nil {
			return err
		}
		w.closers = append(w.closers, func() error { r.Release(); return nil })
	}
	if opt.Silences {
		w.silencers = append(w.silencers, "http://"+w.alertmanager.Addr())
	}
	token := rand.Text()
	w.facts.Webhook = WebhookFacts{URL: "http://" + w.webhook.Addr() + "/alertmanager", Token: token}
	// A new workspace and new servers: what an earlier lab's journal speaks of is gone.
	for _, old := range []string{"rapbot.db", "rapbot.db-wal", "rapbot.db-shm", "rapbot.log"} {
		if err := os.Remove(filepath.Join(opt.Dir, old)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	config := filepath.Join(opt.Dir, "rapbot.yaml")
	if err := w.writeConfig(config, opt.Config, ChannelOps, ChannelAlerts, ApproverGroup); err != nil {
		return err
	}
	env := []string{"RAPBOT_SLACK_BOT_TOKEN=" + w.Slack.BotToken(), "RAPBOT_SLACK_APP_TOKEN=" + w.Slack.AppToken(), "RAPBOT_WEBHOOK_TOKEN=" + token}
	for _, r := range w.regions {
		env = append(env, passwordEnv(r.Name)+"="+passwordOf(r.DSN))
	}
	w.bot = &process{binary: opt.Binary, config: config, logFile: filepath.Join(opt.Dir, "rapbot.log"), health: "http://" + w.health.Addr(), env: env}
	w.facts.Bot = BotFacts{Health: w.bot.health, Binary: opt.Binary, Config: config, Journal: filepath.Join(opt.Dir, "rapbot.db"), Log: w.bot.logFile}
	w.closers = append(w.closers, func() error {
		if w.bot.pid() == 0 {
			return nil
		}
		return w.bot.stop()
	})
	return nil
}

// StartBot starts the bot and returns when it is ready. Extra environment, as
// NAME=value, is for this start only.
func (w *World) StartBot(ctx context.Context, extra ...string) error {
	if err := w.bot.start(ctx, extra...); err != nil {
		return err
	}
	return w.writeFacts()
}

// KillBot ends the bot as kill -9 does.
func (w *World) KillBot() error { return w.bot.kill() }

// StopBot ends the bot as a service manager does.
func (w *World) StopBot() error { return w.bot.stop() }

// BotDone is closed when the bot that runs now has ended.
func (w *World) BotDone() <-chan struct{} { return w.bot.done() }

// BotPID is the bot's process ID, 0 when it does not run.
func (w *World) BotPID() int { return w.bot.pid() }

// Facts is what world.json says.
func (w *World) Facts() Facts {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.facts
	f.Bot.PID = w.bot.pid()
	return f
}

func (w *World) writeFacts() error { return w.Facts().write(w.dir) }

// Close ends everything that Up started, in the opposite order.
func (w *World) Close() error {
	var errs []error
	for i := len(w.closers) - 1; i >= 0; i-- {
		if err := w.closers[i](); err != nil {
			errs = append(errs, err)
		}
	}
	w.closers = nil
	if err := os.Remove(filepath.Join(w.dir, factsFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func withoutPassword(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	u.User = url.User(u.User.Username())
	return u.String()
}

func passwordOf(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return ""
	}
	p, _ := u.User.Password()
	return p
}

// mount adds what the lab serves beside Slack.
func (w *World) mount(mux *http.ServeMux, fleet http.Handler) {
	if w.Fleet != nil {
		fleet = w.Fleet.Handler()
	}
	if fleet != nil {
		mux.Handle("/lab/", fleet)
	}
	mux.HandleFunc("GET /lab/world", api.Handle(func(context.Context, *http.Request) (any, error) { return w.Facts(), nil }))
	mux.HandleFunc("POST /lab/bot", api.Handle(w.serveBot))
	mux.HandleFunc("POST /lab/alert", api.Handle(w.serveAlert))
}
