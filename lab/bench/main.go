// Command bench measures rapbot against others on this machine, in one run and with the same writer.
//
//	go run ./lab/bench failover --runs 20 --out bin/failover.svg
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rap-analyzer/rapbot/lab/peers/patroni"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// Exit codes: 1 for what went wrong, lost rows among it; 2 for a command that cannot be understood; 130 for Ctrl-C.
const (
	exitFailed      = 1
	exitMisused     = 2
	exitInterrupted = 130
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	misused := true
	cmd := root(&misused)
	err := cmd.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: interrupted:", err)
		return exitInterrupted
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	if misused {
		return exitMisused
	}
	return exitFailed
}

func root(misused *bool) *cobra.Command {
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure rapbot against others on this machine",
		SilenceUsage: true, SilenceErrors: true,
	}
	cmd.AddCommand(failoverCommand(misused))
	return cmd
}

func failoverCommand(misused *bool) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "failover", Short: "Move the primary again and again, by rapbot and by Patroni in turn, and compare the write gaps", Args: cobra.NoArgs,
		Long: `Starts the lab with the real rapbot, and a Patroni cluster of the same PostgreSQL with the same settings. Then it moves the primary of the one and
of the other in turn, each to the next region and back, with the same writer inserting numbered rows, and prints for each run:

  gap        the longest time between two acknowledged rows
  decision   from the approving click, or the request to Patroni, to the first row that the new primary acknowledged
  rows       rows acknowledged in the run, and how many of them the new primary does not have

A run takes about twenty seconds, most of which Patroni takes until its replicas stream again. Needs Linux, PostgreSQL and, to compare, patroni and
etcd-server: tools/setup bench installs them. Without them only rapbot is measured. Exits with 1 when an acknowledged row was lost.`,
		Example: "  go run ./lab/bench failover --runs 20 --out bin/failover.svg --out bin/failover.png",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			*misused = false
			return failover(cmd.Context(), o, cmd.OutOrStdout(), newProgress(cmd.ErrOrStderr()))
		},
	}
	cmd.Flags().IntVar(&o.runs, "runs", 20, "how many times each of the two moves its primary")
	cmd.Flags().StringSliceVar(&o.out, "out", nil, "file for a plot of the write gaps, .svg or .png; may be given several times")
	cmd.Flags().StringVar(&o.binaries, "bin", "", "folder with built binaries of rapbot and instance; built when empty")
	return cmd
}

type options struct {
	runs     int
	out      []string
	binaries string
}

func (o options) check() error {
	if o.runs < 1 {
		return fmt.Errorf("--runs %d: at least one run is needed", o.runs)
	}
	for _, file := range o.out {
		if ext := filepath.Ext(file); ext != ".svg" && ext != ".png" {
			return fmt.Errorf("--out %s: the plot is an .svg or a .png", file)
		}
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

// failover measures planned changes of the primary on both sides and shows what came of them.
func failover(ctx context.Context, o options, to io.Writer, say progress) (err error) {
	dir, err := os.MkdirTemp("", "rapbot-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours, err := startOurs(ctx, dir, o.binaries, say)
	if err != nil {
		return err
	}
	sides := []*side{ours}
	defer func() {
		for _, s := range sides {
			err = errors.Join(err, s.close())
		}
	}()
	if versions, missing := patroni.Installed(); missing != nil {
		say("only rapbot is measured: %v", missing)
	} else {
		theirs, err := startPatroni(ctx, versions, say)
		if err != nil {
			return err
		}
		sides = append(sides, theirs)
	}
	if err := alternate(ctx, o.runs, sides, say); err != nil {
		report(to, sides) // what there is until then took time to measure
		return err
	}
	report(to, sides)
	for _, file := range o.out {
		if err := plotGaps(file, sides); err != nil {
			return err
		}
		say("drew %s", file)
	}
	if lost := ours.lost(); lost > 0 {
		return fmt.Errorf("rapbot lost %d acknowledged rows", lost)
	}
	return nil
}

// alternate lets the sides take turns, so that what else the machine does hits them alike.
func alternate(ctx context.Context, runs int, sides []*side, say progress) error {
	for n := range runs {
		for _, s := range sides {
			r, err := s.measure(ctx)
			if err != nil {
				return fmt.Errorf("run %d of %s: %w", n+1, s.name, err)
			}
			s.results = append(s.results, r)
			say("run %d of %d, %s to %s: write gap %d ms", n+1, runs, s.name, r.to, r.gap.Milliseconds())
		}
	}
	return nil
}

// binaries are rapbot and its helper, built when no folder is given.
func binaries(ctx context.Context, folder, dir string, say progress) (bot, instance string, err error) {
	if folder == "" {
		return world.Build(ctx, filepath.Join(dir, "bin"), say)
	}
	return filepath.Join(folder, "rapbot"), filepath.Join(folder, "instance"), nil
}
