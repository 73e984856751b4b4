package argv

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// Config is the commands of one region. Each may be run again: stopping a
// stopped server exits 0.
type Config struct {
	StartPrimary []string
	StartReplica []string
	Stop         []string
	Status       []string      // exits 0 when the server runs, 3 when it is stopped
	Timeout      time.Duration // for each command; two minutes when zero
}

// Instance is a rapbot.Instance that runs the commands.
type Instance struct{ config Config }

var _ rapbot.Instance = (*Instance)(nil)

// New makes an Instance. It runs nothing.
func New(c Config) *Instance {
	if c.Timeout <= 0 {
		c.Timeout = 2 * time.Minute
	}
	return &Instance{c}
}

// exitStopped is what pg_ctl status and systemctl status exit with when there
// is no server.
const exitStopped = 3

// Running asks the status command. Code Unavailable: cannot tell.
func (i *Instance) Running(ctx context.Context) (bool, error) {
	result := run(ctx, i.config.Status, i.config.Timeout)
	switch {
	case result.trouble == "" && result.exit == 0:
		return true, nil
	case result.trouble == "" && result.exit == exitStopped:
		return false, nil
	}
	return false, &rapbot.Error{
		Code: rapbot.Unavailable,
		What: fmt.Sprintf("The status command%s %s.", named(i.config.Status), result),
		Now:  "Run the command by hand; it exits with 0 when the server runs and with 3 when it is stopped.",
	}
}

// Stop runs the stop command, which returns when the server is down.
func (i *Instance) Stop(ctx context.Context) error {
	return i.act(ctx, "stop", i.config.Stop)
}

// StartPrimary runs the command that starts the server as the primary.
func (i *Instance) StartPrimary(ctx context.Context) error {
	return i.act(ctx, "start-primary", i.config.StartPrimary)
}

// StartReplica runs the command that starts the server as a replica.
func (i *Instance) StartReplica(ctx context.Context) error {
	return i.act(ctx, "start-replica", i.config.StartReplica)
}

func (i *Instance) act(ctx context.Context, name string, command []string) error {
	result := run(ctx, command, i.config.Timeout)
	if result.trouble == "" && result.exit == 0 {
		return nil
	}
	e := &rapbot.Error{
		Code:    rapbot.Unavailable,
		What:    fmt.Sprintf("The %s command%s %s.", name, named(command), result),
		Changed: "Whether it has done its work is not known.",
		Now:     "Run the command by hand to see what is in its way.",
	}
	if !result.started {
		e.Changed = "Nothing was changed."
	}
	return e
}

// named is the program alone: arguments may hold what must not be shown (R10).
func named(command []string) string {
	if len(command) == 0 {
		return ""
	}
	return " (" + filepath.Base(command[0]) + ")"
}
