// Command storm lets alerts rain on the real rapbot, under Slack's limits and while it is killed, and counts what people got to see.
//
//	go run ./lab/storm --kills 20
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rap-analyzer/rapbot/lab/program"
	"github.com/rap-analyzer/rapbot/lab/world"
)

func main() { os.Exit(program.Run(command)) }

const (
	throughAlertmanager = "alertmanager"
	throughWebhook      = "webhook"
)

type options struct {
	groups, alerts, kills int
	over, wait, interval  time.Duration
	disturb               time.Duration
	resolve               float64
	through               string
	seed                  uint64
	binaries, keep        string
}

func command(misused *bool) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "storm", Short: "Let alerts rain on the real rapbot, and count what people got to see", Args: cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		Long: `Starts the emulated Slack with its limits (a message a second in a channel), the real rapbot, and a real Alertmanager. Then alerts begin to fire in
many groups at once, some groups resolve, Slack says 429 and loses answers now and then, and rapbot is killed by kill -9 and started again. At the end
it counts in Slack itself: groups that nobody was told of, things said twice, cards that do not say how it ended.

Through Alertmanager the same storm goes to Alertmanager's own slack_configs at the same time, in a channel of their own of the same Slack, and both are
put side by side. Through the webhook rapbot is called as Alertmanager would call it, without Alertmanager's own limits.

Exits with 1 when rapbot lost a group or said something twice.`,
		Example: "  go run ./lab/storm --kills 20\n  go run ./lab/storm --through webhook --groups 40 --alerts 400 --over 5s --kills 2",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			*misused = false
			return play(cmd.Context(), o, cmd.OutOrStdout(), newProgress(cmd.ErrOrStderr()))
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.groups, "groups", 500, "how many alert groups")
	f.IntVar(&o.alerts, "alerts", 10_000, "how many alerts in all of them")
	f.DurationVar(&o.over, "over", time.Minute, "in what time they begin to fire; those that resolve do so in the same time after it")
	f.Float64Var(&o.resolve, "resolve", 0.3, "the share of the groups that resolves, none of them critical")
	f.IntVar(&o.kills, "kills", 0, "how many times rapbot is killed and started again")
	f.StringVar(&o.through, "through", throughAlertmanager, "alertmanager, or webhook for rapbot alone")
	f.DurationVar(&o.wait, "group-wait", time.Second, "Alertmanager's group_wait")
	f.DurationVar(&o.interval, "group-interval", 15*time.Second, "Alertmanager's group_interval; with the webhook the time between two calls for a group")
	f.DurationVar(&o.disturb, "disturb", 10*time.Second, "how often Slack says 429 or loses an answer, about; 0 for never")
	f.Uint64Var(&o.seed, "seed", 1, "what the storm is drawn from")
	f.StringVar(&o.binaries, "bin", "", "folder with rapbot; built when empty")
	f.StringVar(&o.keep, "keep", "", "folder for logs and journal; one that is removed at the end when empty")
	return cmd
}

func (o options) check() error {
	switch {
	case o.groups < 1 || o.alerts < o.groups:
		return errors.New("--groups is at least 1, and --alerts at least as many")
	case o.kills < 0 || o.resolve < 0 || o.resolve > 1:
		return errors.New("--kills is not negative, --resolve between 0 and 1")
	case o.over <= 0 || o.wait <= 0 || o.interval <= 0:
		return errors.New("--over, --group-wait and --group-interval are more than 0")
	case o.through != throughAlertmanager && o.through != throughWebhook:
		return fmt.Errorf("--through is %s or %s", throughAlertmanager, throughWebhook)
	}
	return nil
}

// play makes one storm and reports it.
func play(ctx context.Context, o options, out io.Writer, say progress) (err error) {
	dir := o.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "rapbot-storm-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	binary := filepath.Join(o.binaries, "rapbot")
	if o.binaries == "" {
		if binary, _, err = world.Build(ctx, filepath.Join(dir, "bin"), say); err != nil {
			return err
		}
	}
	s, err := raise(ctx, dir, binary, o, say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	r, err := s.weather(ctx, o, say)
	if err != nil {
		return err
	}
	r.print(out)
	if words := r.ours.broken(); words != "" {
		return errors.New(words)
	}
	return nil
}

// progress says on the terminal what is being done.
type progress func(format string, args ...any)

func newProgress(to io.Writer) progress {
	begun := time.Now()
	return func(format string, args ...any) {
		fmt.Fprintf(to, "[%4.0fs] %s\n", time.Since(begun).Seconds(), fmt.Sprintf(format, args...))
	}
}
