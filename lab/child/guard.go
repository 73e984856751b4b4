package child

import (
	"io"
	"os/exec"
)

// Guard is a shell that outlives the lab, to clean up after it: what the lab's death does not end by itself. It waits on a pipe from the
// lab, and does its work when the pipe closes without a word.
type Guard struct {
	shell *Child
	pipe  io.WriteCloser
}

// StartGuard starts a guard. Its script begins with: read -r _ && exit.
func StartGuard(cmd *exec.Cmd) (*Guard, error) {
	cmd.SysProcAttr.Pdeathsig = 0 // its work begins at the lab's death
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	shell, err := Start(cmd)
	if err != nil {
		return nil, err
	}
	return &Guard{shell, pipe}, nil
}

// Dismiss sends the guard home without its work.
func (g *Guard) Dismiss() {
	_, _ = io.WriteString(g.pipe, "\n") // an error says that it has gone already
	g.Finish()
}

// Finish lets the guard do its work, and waits for it.
func (g *Guard) Finish() {
	_ = g.pipe.Close()
	<-g.shell.Done()
}
