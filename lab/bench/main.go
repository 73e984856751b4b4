// Command bench measures rapbot against others on this machine, in one run and with the same writer.
//
//	go run ./lab/bench failover --runs 20 --out bin/failover.svg
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rap-analyzer/rapbot/lab/program"
	"github.com/rap-analyzer/rapbot/lab/world"
)

func main() { os.Exit(program.Run(root)) }

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
of the other in turn, with the same writer inserting numbered rows: first as planned, then in an emergency, in which the primary is killed. It prints for each run:

  gap        the longest time between two acknowledged rows; in an emergency with all that lies in it, people and detection
  plan       emergency: from the kill to rapbot's plan on its card, for which it is asked at once. Patroni asks nobody
  decision   from the approving click, or the request to Patroni, or the kill that Patroni finds by itself, to the first row that the new primary acknowledged
  whole      emergency: from then on until the killed server streams again, by /rap rejoin and its approval, or by starting its Patroni
  rows       rows acknowledged in the run, and how many of them the new primary does not have

A planned run takes about twenty seconds, most of which Patroni takes until its replicas stream again, and an emergency run of Patroni's about a minute.
Needs Linux, PostgreSQL and, to compare, patroni and etcd-server: tools/setup bench installs them. Without them only rapbot is measured.
With --before another build of rapbot takes Patroni's place. Exits with 1 when an acknowledged row was lost in a planned change.`,
		Example: "  go run ./lab/bench failover --runs 20 --out bin/failover.svg --out bin/failover.png\n  go run ./lab/bench failover --runs 0 --emergency-runs 10 --bin bin --before /tmp/before",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			*misused = false
			return failover(cmd.Context(), o, cmd.OutOrStdout(), newProgress(cmd.ErrOrStderr()))
		},
	}
	cmd.Flags().IntVar(&o.runs, "runs", 20, "how many times each of the two moves its primary as planned")
	cmd.Flags().IntVar(&o.emergencyRuns, "emergency-runs", 10, "how many times the primary is killed")
	cmd.Flags().IntVar(&o.emergencyPeerRuns, "emergency-peer-runs", 3, "how many times at the most Patroni's is, which takes long")
	cmd.Flags().StringSliceVar(&o.out, "out", nil, "file for a plot of the write gaps, .svg or .png, with the series added to its name; may be given several times")
	cmd.Flags().StringVar(&o.binaries, "bin", "", "folder with built binaries of rapbot and instance; built when empty")
	cmd.Flags().StringVar(&o.before, "before", "", "folder with the binaries of another build, to be measured instead of Patroni")
	return cmd
}

type options struct {
	runs, emergencyRuns, emergencyPeerRuns int

	out              []string
	binaries, before string
}

func (o options) check() error {
	if o.runs < 0 || o.emergencyRuns < 0 || o.emergencyPeerRuns < 0 || o.runs+o.emergencyRuns == 0 {
		return fmt.Errorf("--runs %d, --emergency-runs %d, --emergency-peer-runs %d: at least one run is needed", o.runs, o.emergencyRuns, o.emergencyPeerRuns)
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

// binaries are rapbot and its helper, built when no folder is given.
func binaries(ctx context.Context, folder, dir string, say progress) (bot, instance string, err error) {
	if folder == "" {
		return world.Build(ctx, filepath.Join(dir, "bin"), say)
	}
	return filepath.Join(folder, "rapbot"), filepath.Join(folder, "instance"), nil
}
