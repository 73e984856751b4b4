// Command lab starts the whole world of rapbot on this machine: an emulated
// Slack with a web page, three real PostgreSQL servers, a writer, and the real
// rapbot. See docs/lab.md.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use: "lab", Short: "The whole world of rapbot on this machine",
		SilenceUsage: true, SilenceErrors: true,
	}
	cmd.AddCommand(up(), down())
	return cmd
}

// options are how up was called.
type options struct {
	dir, binaries    string
	port             int
	foreground, demo bool
	clusters         bool
}

func up() *cobra.Command {
	var opt options
	cmd := &cobra.Command{
		Use: "up", Short: "Start the lab, in the background unless told otherwise, and write world.json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opt.foreground || opt.demo {
				return runForeground(cmd.Context(), opt)
			}
			return runBackground(cmd.Context(), opt)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&opt.dir, "dir", ".lab", "folder for world.json, logs and data")
	flags.StringVar(&opt.binaries, "bin", "", "folder with built binaries of rapbot and instance; built when empty")
	flags.IntVar(&opt.port, "port", 0, "port of the page; a free one when 0")
	flags.BoolVar(&opt.foreground, "foreground", false, "stay in the foreground until interrupted")
	flags.BoolVar(&opt.demo, "demo", false, "stay in the foreground and explain what to do")
	flags.BoolVar(&opt.clusters, "clusters", false, "add a second world whose fleet lives in three Kubernetes; its world.json is in clusters/ below the folder")
	return cmd
}

func down() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "down", Short: "End exactly what up started", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return end(dir) },
	}
	cmd.Flags().StringVar(&dir, "dir", ".lab", "the lab's folder")
	return cmd
}

// begun is when this process started; progress lines show the time since.
var begun = time.Now()

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "[%4.0fs] %s\n", time.Since(begun).Seconds(), fmt.Sprintf(format, args...))
}
