// Command rapbot is the Slack bot with which on-call engineers operate Rap
// Analyzer across its regions.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/rap-analyzer/rapbot/config"
)

// The exit codes, besides 0.
const (
	exitFailure = 1 // something went wrong while running
	exitUsage   = 2 // the command line or the configuration is wrong; nothing was done
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	cmd := root()
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	var problems config.Problems
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &problems):
		fmt.Fprintln(os.Stderr, "rapbot: the configuration has mistakes; nothing was started.")
		fmt.Fprintln(os.Stderr, problems)
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "rapbot:", err)
		return exitUsage
	}
	fmt.Fprintln(os.Stderr, "rapbot:", err)
	return exitFailure
}

// usageError marks a mistake on the command line.
type usageError struct{ error }

func root() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:           "rapbot",
		Short:         "Operate Rap Analyzer across its regions, from Slack, with a second person",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),
		Args:          func(_ *cobra.Command, args []string) error { return noSuchCommand(args) },
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetVersionTemplate("rapbot {{.Version}}\n")
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
	})
	cmd.PersistentFlags().StringVarP(&path, "config", "c", "rapbot.yaml", "the configuration file")
	cmd.AddCommand(runCommand(&path), statusCommand(&path), doctorCommand(&path), checkConfigCommand(&path), sampleConfigCommand())
	return cmd
}

func noSuchCommand(args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("there is no command %q; see rapbot --help", args[0])}
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return info.Main.Version
}
