package argv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// lastWords is how long the output of a command is waited for when the command
// itself has ended: a server that it left behind may hold the pipe for ever.
const lastWords = 250 * time.Millisecond

// wholeAnswer is the same for a command that leaves no server behind, and
// whose output is wanted to its end, however busy this machine is.
const wholeAnswer = 10 * time.Second

// result is how a command ended.
type result struct {
	started bool
	exit    int
	trouble string // why there is no exit status
	said    string // the end of its output, without secrets
}

// String follows the words "the command".
func (r result) String() string {
	text := r.trouble
	if text == "" {
		text = fmt.Sprintf("exited with %d", r.exit)
	}
	if r.said != "" {
		text += ": " + strings.TrimRight(r.said, ".")
	}
	return text
}

// run runs a command until it ends, or until its time is over, and keeps the
// end of what it says.
func run(ctx context.Context, command []string, atMost time.Duration) result {
	var said tail
	r := runInto(ctx, command, atMost, lastWords, &said, &said)
	r.said = said.String()
	return r
}

// runInto is run with a place for each of the command's outputs, and with how
// long they are listened to after its end.
func runInto(ctx context.Context, command []string, atMost, listen time.Duration, stdout, stderr io.Writer) result {
	if len(command) == 0 {
		return result{trouble: "is not configured"}
	}
	limited, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	cmd := exec.CommandContext(limited, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	// A group of its own: the children die with the command, and Ctrl-C at
	// rapbot's terminal does not cut a server's start in half.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = listen
	if err := cmd.Start(); err != nil {
		return result{trouble: "could not be started: " + cause(err)}
	}
	err := cmd.Wait()
	r := result{started: true, exit: cmd.ProcessState.ExitCode()}
	var exited *exec.ExitError
	switch {
	case cmd.ProcessState.Exited():
		// It ended by itself, perhaps at the very moment its time was over.
	case ctx.Err() != nil:
		r.trouble = "was ended because it was no longer waited for"
	case limited.Err() != nil:
		r.trouble = "did not end within " + rapbot.Duration(atMost)
	case errors.As(err, &exited):
		r.trouble = "ended with " + exited.String() // signal: killed
	default:
		r.trouble = "ended without a status"
	}
	return r
}

// cause is an error of starting without the command line in it.
func cause(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err.Error()
}
