// Package commands holds what people can type: one Command a file, which is
// the only source of its parsing, its help, its hints and its page in the
// manual. A command asks the Desk for what it needs and answers with a
// Message for the person who typed it.
package commands

import (
	"context"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// Desk is what commands ask of the running bot.
type Desk interface {
	// Topology answers from memory; Observe asks every region now.
	Topology() rapbot.Topology
	Observe(ctx context.Context) rapbot.Topology
	Sites() []rapbot.Site
	// AlertQueue is what of the alerts has no card of its own.
	AlertQueue() alert.Queue
	// EmergencyDrills reports whether a healthy primary may be given up for the
	// sake of an exercise.
	EmergencyDrills() bool
	// Clusters is what the regions' Kubernetes said last; none when rapbot has not
	// been told of any.
	Clusters() []rapbot.Cluster
	ObserveClusters(ctx context.Context) []rapbot.Cluster
	// Plan plans on a fresh observation, for a dry run.
	Plan(ctx context.Context, wish rapbot.Wish) (rapbot.Plan, error)
	// Propose records an operation and asks for a second person. The plan
	// comes back with an error when its checks fail.
	Propose(ctx context.Context, by rapbot.Person, channel string, wish rapbot.Wish, reason string) (rapbot.Operation, rapbot.Plan, error)
	// Approve, Reject and Cancel decide; an empty digest stands for the plan
	// that was first shown, and is refused once there has been another.
	Approve(ctx context.Context, id, digest string, by rapbot.Person) (rapbot.Operation, error)
	Reject(ctx context.Context, id, reason string, by rapbot.Person) (rapbot.Operation, error)
	Cancel(ctx context.Context, id string, by rapbot.Person) (rapbot.Operation, error)
	Operation(ctx context.Context, id string) (rapbot.Operation, error)
	Open(ctx context.Context) ([]rapbot.Operation, error)
	History(ctx context.Context, limit int) ([]rapbot.Operation, error)
	// Lag is how far behind the replicas were, until now; of one region when it
	// is named.
	Lag(ctx context.Context, region string, since time.Duration, bytes bool) (rapbot.LagReport, error)
	// ShowLag posts a report with its picture, and returns what is left to say
	// to the person who asked.
	ShowLag(ctx context.Context, at rapbot.Place, report rapbot.LagReport, words rapbot.Message) (rapbot.Message, error)
	// Alerts returns the groups that fire.
	Alerts(ctx context.Context) ([]alert.Group, error)
	// Silences, Silence and Unsilence return code Precondition when rapbot has
	// not been told where Alertmanager is.
	Silences(ctx context.Context) ([]alert.Silence, error)
	Silence(ctx context.Context, by rapbot.Person, wish alert.SilenceWish) (alert.Silence, error)
	Unsilence(ctx context.Context, by rapbot.Person, id string) (alert.Silence, error)
	Now() time.Time
}

// Call is one command as typed by one person.
type Call struct {
	Person  rapbot.Person
	Channel string
	Thread  string // empty outside of threads
	Args    map[string]string
	Flags   map[string]string // boolean flags have the value "true"
}

// Has reports whether a flag was given.
func (c Call) Has(flag string) bool { _, ok := c.Flags[flag]; return ok }

// Command is one verb.
type Command struct {
	Name     string
	Summary  string   // one line, no full stop
	Detail   []string // paragraphs of its manual page
	Args     []Arg
	Flags    []Flag
	Examples []string // without the /rap
	Changes  bool     // it matters who typed it
	Run      func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error)
}

// Arg is a positional argument.
type Arg struct {
	Name     string // region, regions and operation have their values checked
	Help     string
	Optional bool
	Many     bool // takes all words that are left, which arrive on a line each; the last argument only
}

// Flag is an option; with a Value it takes the words up to the next flag.
type Flag struct {
	Name  string // without dashes
	Value string // what its value is called; empty for a flag that is on or off
	Help  string
}

// All lists the commands in the order of the help.
func All() []Command {
	return []Command{status, waiting, lag, failover, rejoin, drill, deploy, rollback, restart, scale, alerts, silence, unsilence, approve, reject, cancel, history, show, help}
}

// Usage is the command's line of syntax, without the /rap.
func (c Command) Usage() string {
	parts := []string{c.Name}
	for _, a := range c.Args {
		parts = append(parts, a.usage())
	}
	for _, f := range c.Flags {
		if f.Value == "" {
			parts = append(parts, "[--"+f.Name+"]")
		} else {
			parts = append(parts, "[--"+f.Name+" <"+f.Value+">]")
		}
	}
	return strings.Join(parts, " ")
}

func (a Arg) usage() string {
	name := a.Name
	if a.Many {
		name += "…"
	}
	if a.Optional {
		return "[" + name + "]"
	}
	return "<" + name + ">"
}

func (c Command) flag(name string) (Flag, bool) {
	for _, f := range c.Flags {
		if f.Name == name {
			return f, true
		}
	}
	return Flag{}, false
}

func find(name string) (Command, bool) {
	for _, c := range All() {
		if c.Name == name {
			return c, true
		}
	}
	return Command{}, false
}

// Hint is the short syntax of all commands, for Slack's own usage hint.
func Hint() string {
	var parts []string
	for _, c := range All() {
		line := c.Name
		for _, a := range c.Args {
			line += " " + a.usage()
		}
		parts = append(parts, line)
	}
	return strings.Join(parts, " | ")
}
