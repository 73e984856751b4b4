package journal_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/journal"
)

// acts are what this binary does when it is started as a second process. Each
// prints a line for everything that was acknowledged to it.
var acts = map[string]func(path string){
	"hold":  actHold,
	"write": actWrite,
	"open":  actOpen,
}

// process is a second process that plays an act.
type process struct {
	cmd   *exec.Cmd
	lines *bufio.Reader
}

func start(t *testing.T, act, path string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "JOURNAL_TEST_ACT="+act, "JOURNAL_TEST_PATH="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // an act that waits ends with its parent
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, lines: bufio.NewReader(out)}
	t.Cleanup(func() { p.kill() })
	return p
}

// line waits for the next thing that the process says.
func (p *process) line(t *testing.T) string {
	t.Helper()
	line, err := p.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("the second process says nothing more: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

// kill ends the process as kill -9 does, and returns what it had said by then.
// A line that was cut off was not said.
func (p *process) kill() []string {
	if p.cmd.ProcessState != nil {
		return nil
	}
	_ = p.cmd.Process.Kill()
	rest, _ := io.ReadAll(p.lines)
	_ = p.cmd.Wait()
	lines := strings.Split(string(rest), "\n")
	return lines[:len(lines)-1]
}

func actHold(path string) {
	j, _ := begin(path)
	fmt.Println("holding")
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = j.Close()
}

// actWrite appends, accepts and samples until it is killed.
func actWrite(path string) {
	ctx := context.Background()
	j, term := begin(path)
	open, err := j.Open(ctx)
	check(err)
	if len(open) == 0 {
		o, err := j.Propose(ctx, term, proposal())
		check(err)
		open = append(open, o)
	}
	o := open[0]
	for {
		o, err = j.Append(ctx, term, o.ID, rapbot.Record{Seq: o.Seq() + 1, Kind: rapbot.RecTold, Step: o.Seq()})
		check(err)
		fmt.Println("record", o.Seq())
		d := alert.Delivery{Key: fmt.Sprint("after record ", o.Seq()), Receiver: "rapbot"}
		_, err = j.Accept(ctx, d)
		check(err)
		fmt.Println("delivery", d.Key)
		check(j.Keep(ctx, round(o.Seq())...))
		fmt.Println("round", o.Seq())
	}
}

// actOpen opens and closes.
func actOpen(path string) {
	j, err := journal.Open(context.Background(), path)
	check(err)
	check(j.Close())
	fmt.Println("opened")
}

func begin(path string) (*journal.Journal, rapbot.Term) {
	j, err := journal.Open(context.Background(), path)
	check(err)
	term, err := j.Acquire(context.Background(), "the second process")
	check(err)
	return j, term
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
