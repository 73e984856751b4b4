// Command newest builds the newest Alertmanager and Prometheus of the Go module
// proxy, unless that is done already on this machine, and prints the folders that
// they are in, for RAPBOT_MONITOR_BIN. How far it has come goes to the standard
// error. The versions are those of versions/go.mod; the programs are kept in the
// user's cache folder under their version and Go's.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rap-analyzer/rapbot/lab/program"
)

func main() { os.Exit(program.Run(root)) }

func root(misused *bool) *cobra.Command {
	return &cobra.Command{
		Use: "newest", Short: "Build the newest Alertmanager and Prometheus, and print their folders", Args: cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			*misused = false
			folders, err := all(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), strings.Join(folders, string(os.PathListSeparator)))
			return nil
		},
	}
}

// all builds what is not there and names the folders.
func all(ctx context.Context, progress io.Writer) (folders []string, err error) {
	versions, err := findVersions(ctx)
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("find the cache folder: %w", err)
	}
	compiler, err := output(goCommand(ctx, versions, "env", "GOVERSION"))
	if err != nil {
		return nil, err
	}
	for _, m := range modules {
		if err := m.locate(ctx, versions); err != nil {
			return nil, err
		}
		folder := filepath.Join(cache, "rapbot-lab", strings.Join([]string{m.name(), m.version, compiler}, "-"))
		if err := m.buildOnce(ctx, folder, progress); err != nil {
			return nil, err
		}
		folders = append(folders, folder)
	}
	return folders, nil
}

// findVersions needs the checkout's folder or one below it as the working folder.
func findVersions(ctx context.Context) (string, error) {
	root, err := output(goCommand(ctx, "", "list", "-m", "-f", "{{.Dir}}", "github.com/rap-analyzer/rapbot"))
	if err != nil {
		return "", fmt.Errorf("find the checkout: run this inside it: %w", err)
	}
	return filepath.Join(root, "lab", "newest", "versions"), nil
}

// goCommand is one that the user's own settings do not bend.
func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	return cmd
}
