// Command chaos plays operations of rapbot in the lab's world while things break, and judges what came of them.
//
//	go run ./lab/chaos --runs 500 --seed 42
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rap-analyzer/rapbot/lab/chaos/play"
	"github.com/rap-analyzer/rapbot/lab/program"
	"github.com/rap-analyzer/rapbot/lab/world"
)

func main() { os.Exit(program.Run(command)) }

type options struct {
	runs, from, worlds, fresh, findings int
	only                                []int
	seed                                uint64
	verbose, list, stop                 bool
	out, keep, binaries                 string
}

func command(misused *bool) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "chaos", Short: "Play operations of rapbot while things break, and judge what came of them", Args: cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		Long: `Starts the lab with the real rapbot and real servers behind breakable links, and plays runs in it one after the other. A run is an operation (a
switchover, an emergency, a rejoin) and up to two disturbances (a crash of rapbot at a step, a killed or frozen server, a broken link, people who press
what they should not), all drawn from --seed and the run's number. Then the fleet is made whole again by rapbot, and twelve invariants are held against
what the application, a probe on every server and the journal have seen.

A broken promise is printed with what repeats its run, and the logs of its world are copied to --keep. Exits with 1 when there was one.`,
		Example: "  go run ./lab/chaos --runs 500 --seed 42 --out bin/chaos.json\n  go run ./lab/chaos --seed 42 --only 17 -v\n  go run ./lab/chaos --seed 42 --runs 20 --list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			*misused = false
			return chaos(cmd.Context(), o, cmd)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.runs, "runs", 20, "how many runs")
	f.IntVar(&o.from, "from", 1, "the number of the first run")
	f.IntSliceVar(&o.only, "only", nil, "play only the runs with these numbers")
	f.Uint64Var(&o.seed, "seed", 1, "what the runs are drawn from")
	f.IntVar(&o.worlds, "worlds", 1, "how many worlds are played in side by side; a run mostly waits, so two cores play three")
	f.IntVar(&o.fresh, "fresh", 100, "start a new world after so many runs")
	f.IntVar(&o.findings, "findings", 25, "end after so many broken runs; 0 for never")
	f.BoolVar(&o.stop, "stop", false, "end at the first broken run")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "one line for each run")
	f.BoolVar(&o.list, "list", false, "print what would be played, and play nothing")
	f.StringVar(&o.out, "out", "", "file for the report as JSON")
	f.StringVar(&o.keep, "keep", "", "folder for the logs of broken runs; a new folder for temporary files when empty")
	f.StringVar(&o.binaries, "bin", "", "folder with rapbot, built with -tags crashpoints, and instance; built when empty")
	return cmd
}

func (o options) check() error {
	if o.runs < 1 || o.worlds < 1 || o.fresh < 1 || o.from < 0 {
		return errors.New("--runs, --worlds and --fresh are at least 1, --from is not negative")
	}
	return nil
}

// numbers are those of the runs to play.
func (o options) numbers() []int {
	if len(o.only) > 0 {
		return o.only
	}
	var all []int
	for n := range o.runs {
		all = append(all, o.from+n)
	}
	return all
}

func chaos(ctx context.Context, o options, cmd *cobra.Command) (err error) {
	if o.list {
		for _, n := range o.numbers() {
			fmt.Fprintf(cmd.OutOrStdout(), "%4d  %s\n", n, play.Draw(o.seed, n))
		}
		return nil
	}
	dir, err := os.MkdirTemp("", "rapbot-chaos-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	progress := newProgress(cmd.ErrOrStderr(), o)
	bot, instance := filepath.Join(o.binaries, "rapbot"), filepath.Join(o.binaries, "instance")
	if o.binaries == "" {
		if bot, instance, err = world.Build(ctx, filepath.Join(dir, "bin"), progress.say, "-tags", "crashpoints"); err != nil {
			return err
		}
	}
	if o.keep == "" {
		if o.keep, err = os.MkdirTemp("", "rapbot-chaos-findings-"); err != nil {
			return err
		}
		defer func() { _ = os.Remove(o.keep) }() // it stays when something is in it
	}
	series := play.Series{
		Options: play.Options{Dir: dir, Binary: bot, Instance: instance},
		Seed:    o.seed, Runs: o.numbers(), Worlds: o.worlds, Fresh: o.fresh, Keep: o.keep, Findings: o.findings, Told: progress.told,
	}
	if o.stop {
		series.Findings = 1
	}
	began := time.Now()
	progress.say("playing %d runs of seed %d; logs of broken runs go to %s", len(series.Runs), o.seed, o.keep)
	results, err := series.Play(ctx)
	r := newReport(o.seed, time.Since(began), results)
	r.print(cmd.OutOrStdout())
	if o.out != "" {
		err = errors.Join(err, r.write(o.out))
	}
	if err != nil {
		return err
	}
	if n := len(r.Broken); n > 0 {
		return fmt.Errorf("%d of %d runs broke a promise", n, len(results))
	}
	return nil
}
