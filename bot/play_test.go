package bot_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/deploy"
	"github.com/rap-analyzer/rapbot/integrations/alertmanager"
	"github.com/rap-analyzer/rapbot/integrations/journal/memory"
)

var update = flag.Bool("update", false, "rewrite what the bot says in the plays")

// TestPlays plays every conversation in testdata. An unindented line "actor:
// words" is a stimulus; the indented lines below it are all that the bot said
// because of it; # explains. Read the diff after -update.
func TestPlays(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no plays:", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			have, err := newPlayer(archive).play(string(archive.Comment))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if *update {
				archive.Comment = []byte(have)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if have != string(archive.Comment) {
				t.Errorf("%s", firstDifference(file, string(archive.Comment), have))
			}
		})
	}
}

type player struct {
	files  map[string][]byte
	clock  *fakeClock
	world  *world
	kube   *clusters
	chat   *transcript
	dir    *directory
	book   *memory.Journal
	am     *fakeAlertmanager
	bot    *bot.Bot // nil while crashed
	prom   *fakePrometheus
	artist string // ill: nothing can be drawn; deadly: the bot dies of it
}

func newPlayer(a *txtar.Archive) *player {
	clock := &fakeClock{now: start}
	p := &player{
		files: map[string][]byte{}, clock: clock, chat: &transcript{}, dir: newDirectory(), book: memory.New(),
		am: &fakeAlertmanager{clock: clock}, world: newWorld(clock, []string{"us-east-1", "us-west-2", "eu-west-1"}),
	}
	p.kube = newClusters(p.world)
	for _, f := range a.Files {
		p.files[f.Name] = f.Data
	}
	return p
}

func (p *player) start(ctx context.Context) error {
	var sites []rapbot.Site
	for _, name := range []string{"us-east-1", "us-west-2", "eu-west-1"} {
		sites = append(sites, rapbot.Site{Name: name, Slot: slots[name], Instance: true, Volume: true, SelfFence: 30 * time.Second})
	}
	p.chat.run++
	templates, err := p.templates()
	if err != nil {
		return err
	}
	o := bot.Options{
		Fleet: p.world, Sites: sites, Limits: rapbot.Limits{MaxLag: 30 * time.Second, MaxLagBytes: 16 << 20}, Doers: p.world.doers(),
		Instance: p.world.instance, Volumes: p.world.volumes(), Samples: p.book,
		Operations: p.book, Inbox: p.book, Notes: p.book, Chat: p.chat, Directory: p.dir, Clock: p.clock, Holder: "play",
		AlertCard: templates.Card, Room: p.chat.room,
		Firings: p.book, DrawLag: p.draw, LagHistories: p.histories(), ObserveEvery: 10 * time.Second,
		Silences: p.am.port(), LongestSilence: 24 * time.Hour,
		Explain:           bot.Explain{Alerts: []string{"ReplicationLag*", "NoPrimary"}, Threshold: 5 * time.Minute},
		OperationsChannel: "rap-ops", AlertsChannel: "rap-alerts", ExpireAfter: 10 * time.Minute, EmergencyDrills: true,
	}
	if _, has := p.files["clusters"]; has {
		o.Deployer = deploy.New(deploy.Ports{Clusters: p.kube, Workloads: p.kube, Releases: p.kube, Keeper: p.kube, Topology: p.world.Topology, ErrorRate: p.kube.errorRate, Now: p.clock.Now},
			deploy.Settings{Timeout: 10 * time.Minute, GiveUp: time.Minute, Soak: 30 * time.Second, WorseBy: 0.01, MaxLag: 30 * time.Second, Deadline: 10 * time.Second, Primary: "us-east-1", MaxChanges: 2000})
		maps.Copy(o.Doers, o.Deployer.Doers())
	}
	if err := p.alerting(&o); err != nil {
		return err
	}
	p.bot = bot.New(o)
	return p.bot.Begin(ctx)
}

// templates are those of a play that has a text.tmpl, and nil for the others.
func (p *player) templates() (*alertmanager.Renderer, error) {
	text, has := p.files["text.tmpl"]
	if !has {
		return nil, nil
	}
	return alertmanager.NewRenderer(alertmanager.RendererOptions{Limit: time.Minute, Block: alertmanager.SlackBlock{
		Templates: []alertmanager.KeyTemplate{{Key: "text", Text: string(text)}},
	}})
}

// play returns the script with the bot's lines as they were said.
func (p *player) play(script string) (string, error) {
	ctx := context.Background()
	if err := p.start(ctx); err != nil {
		return "", err
	}
	var out strings.Builder
	for n, line := range strings.Split(strings.TrimRight(script, "\n"), "\n") {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		actor, words, ok := strings.Cut(line, ":")
		if !ok {
			return "", fmt.Errorf("line %d: no actor", n+1)
		}
		if err := p.stimulus(ctx, actor, strings.TrimSpace(words)); err != nil {
			return "", fmt.Errorf("line %d: %w", n+1, err)
		}
		out.WriteString(p.chat.take())
	}
	return out.String(), nil
}

// stimulus does one line and lets the bot come to rest. A bot that crashes is
// gone until a restart line.
func (p *player) stimulus(ctx context.Context, actor, words string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, is := r.(crashed); !is {
				panic(r)
			}
			p.bot = nil
			p.chat.out.WriteString("    (the bot dies)\n")
		}
	}()
	switch actor {
	case "clock":
		d, err := time.ParseDuration(strings.TrimPrefix(words, "+"))
		if err != nil {
			return err
		}
		p.clock.add(d)
	case "postgres":
		err = p.world.change(words)
	case "kubernetes":
		err = p.kube.change(words)
	case "crash":
		p.world.crash = words
	case "stop":
		p.bot = nil
	case "restart":
		err = p.start(ctx)
	case "slack":
		err = p.slack(ctx, words)
	case "alertmanager":
		err = p.deliver(ctx, words)
	case "prometheus":
		err = p.prometheus(words)
	case "artist":
		p.artist = words
	default:
		err = p.person(ctx, actor, words)
	}
	if err != nil || p.bot == nil {
		return err
	}
	return p.settle(ctx)
}

func (p *player) settle(ctx context.Context) error {
	for range 3 {
		if err := p.bot.Sample(ctx); err != nil {
			return err
		}
		if _, err := p.bot.Settle(ctx); err != nil {
			return err
		}
		if err := p.bot.CountLosses(ctx); err != nil {
			return err
		}
		if err := p.bot.TendSilences(ctx); err != nil {
			return err
		}
		if err := p.bot.ExplainAlerts(ctx); err != nil && !errors.Is(err, errDown) && !errors.Is(err, errNoInk) {
			return err
		}
		if err := p.bot.DriveDrills(ctx); err != nil && !errors.Is(err, errDown) {
			return err
		}
		if err := p.bot.TendAlerts(ctx); err != nil && !errors.Is(err, errDown) {
			return err
		}
		if err := p.bot.Show(ctx); err != nil && !errors.Is(err, errDown) {
			return err
		}
	}
	return nil
}

func (p *player) slack(ctx context.Context, words string) error {
	verb, rest, _ := strings.Cut(words, " ")
	switch verb {
	case "down":
		p.chat.down = true
	case "takes":
		p.chat.bounded = rest != "all"
		p.chat.takes, _ = strconv.Atoi(rest)
	case "room":
		p.chat.paced = rest != "enough"
		p.chat.space, _ = strconv.Atoi(rest)
	case "up":
		p.chat.down = false
	case "directory-down":
		p.dir.down = true
	case "directory-up":
		p.dir.down = false
	case "deletes":
		for i := range p.chat.posts {
			if p.chat.posts[i].ref.ID == rest {
				p.chat.posts[i].deleted = true
			}
		}
	case "leaves-group":
		who := p.dir.people["U"+strings.ToUpper(rest)]
		who.Approver = false
		p.dir.people[who.ID] = who
	case "redelivers":
		actor, said, _ := strings.Cut(rest, ": ")
		return p.person(ctx, actor, said)
	default:
		return fmt.Errorf("slack: %q: no such thing", words)
	}
	return nil
}

func (p *player) deliver(ctx context.Context, name string) error {
	if strings.HasPrefix(name, "fires ") || strings.HasPrefix(name, "resolves ") || strings.HasPrefix(name, "again ") {
		return p.many(ctx, name)
	}
	if words, is := strings.CutPrefix(name, "api "); is {
		if words == "lists" { // what it has told of
			groups, err := p.book.Firing(ctx)
			if err != nil {
				return err
			}
			for _, g := range groups {
				for _, a := range g.Latest.Alerts {
					p.am.firing = append(p.am.firing, a.Labels)
				}
			}
			return nil
		}
		if p.am.change(words); words == "none" {
			return p.start(ctx) // as configured without it
		}
		return nil
	}
	d, err := alertmanager.Decode(p.files[name], p.clock.Now())
	if err != nil {
		return err
	}
	if p.bot == nil {
		return errors.New("the bot is not running")
	}
	_, err = p.bot.Accept(ctx, d)
	return err
}

var clicked = regexp.MustCompile(`^click (.+) on \[(\d+)\]$`)

func (p *player) person(ctx context.Context, name, words string) error {
	user := "U" + strings.ToUpper(name)
	if _, known := p.dir.people[user]; !known {
		return fmt.Errorf("nobody is called %q", name)
	}
	e := bot.Event{User: user, Channel: "rap-ops", Trigger: "trigger", Reply: func(ctx context.Context, m rapbot.Message) error {
		return p.chat.Whisper(ctx, rapbot.Place{Channel: "rap-ops"}, user, m)
	}}
	switch {
	case words == "/rap" || strings.HasPrefix(words, "/rap "):
		e.Kind, e.Text = bot.CommandTyped, strings.TrimPrefix(words, "/rap")
	case clicked.MatchString(words):
		m := clicked.FindStringSubmatch(words)
		ref, button, err := p.chat.button(m[2], m[1])
		if err != nil {
			return err
		}
		e.Kind, e.Message, e.Action, e.Value = bot.ButtonPressed, ref, button.Action, button.Value
	case strings.HasPrefix(words, "press "):
		// A button that is no longer on the screen: the click was under way.
		f := strings.Fields(strings.TrimPrefix(words, "press "))
		e.Kind, e.Action, e.Value, e.Message = bot.ButtonPressed, f[0], f[1], rapbot.Ref{Channel: "rap-ops", ID: f[2]}
		if channel, id, given := strings.Cut(f[2], "/"); given {
			e.Message = rapbot.Ref{Channel: channel, ID: id}
		}
		if len(p.chat.posts) > 0 && strings.HasSuffix(e.Value, ":shown") {
			e.Value = p.shownTicket(strings.TrimSuffix(e.Value, ":shown"))
		}
		if id, asked := strings.CutSuffix(e.Value, ":asked"); asked {
			e.Value = p.askedTicket(id)
		}
	case strings.HasPrefix(words, "submit"):
		f := p.chat.forms[len(p.chat.forms)-1]
		e.Kind, e.Action, e.Value, e.Values = bot.FormSubmitted, f.Action, f.Value, map[string]string{}
		for _, pair := range strings.Split(strings.TrimPrefix(words, "submit "), "; ") {
			k, v, _ := strings.Cut(pair, "=")
			e.Values[k] = v
		}
	default:
		return fmt.Errorf("%s: %q: neither typed, clicked nor submitted", name, words)
	}
	if p.bot == nil {
		return errors.New("the bot is not running")
	}
	p.bot.Handle(ctx, e)
	return nil
}

// shownTicket is the button value of the plan that was first shown.
func (p *player) shownTicket(id string) string {
	o, err := p.book.Operation(context.Background(), id)
	if err != nil {
		return id + ":"
	}
	return id + ":" + o.Records[0].Plan.Digest()
}

// askedTicket is the button value of the question that was first asked.
func (p *player) askedTicket(id string) string {
	o, _ := p.book.Operation(context.Background(), id)
	for _, r := range o.Records {
		if r.Kind == rapbot.RecQuestion {
			return fmt.Sprintf("%s:%d", id, r.Seq)
		}
	}
	return id + ":"
}

func firstDifference(file, want, have string) string {
	w, h := strings.Split(want, "\n"), strings.Split(have, "\n")
	for i := range max(len(w), len(h)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(h) {
			b = h[i]
		}
		if a != b {
			var ctx bytes.Buffer
			for j := max(0, i-3); j < i; j++ {
				fmt.Fprintf(&ctx, "      %s\n", w[j])
			}
			return fmt.Sprintf("%s:%d\n%swant  %s\nhave  %s\n(go test ./bot -update rewrites; read the diff)", file, i+1, ctx.String(), a, b)
		}
	}
	return file + ": differs"
}
