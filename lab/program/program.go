// Package program is how the lab's programs begin and end.
package program

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes: 1 for what went wrong, a broken promise or a lost row among it; 2 for a command that cannot be understood; 130 for Ctrl-C.
const (
	exitFailed      = 1
	exitMisused     = 2
	exitInterrupted = 130
)

// Run executes a command until SIGINT or SIGTERM, and gives the exit code. The command is misused until it says otherwise.
func Run(command func(misused *bool) *cobra.Command) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	misused := true
	cmd := command(&misused)
	err := cmd.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, cmd.Name()+": interrupted:", err)
		return exitInterrupted
	}
	fmt.Fprintln(os.Stderr, cmd.Name()+":", err)
	if misused {
		return exitMisused
	}
	return exitFailed
}
