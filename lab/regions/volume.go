package regions

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"syscall"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/child"
)

// volumeScript is the name of charts/postgresql/files/volume.sh in a server's folder.
const volumeScript = "volume.sh"

// Verbs of the script, and what it exits with when the server runs.
const (
	divergeVerb = "divergence"
	rewindVerb  = "rewind"
	rebuildVerb = "rebuild"
	exitRuns    = 4
)

var _ rapbot.Volume = (*Server)(nil)

// Divergence reads what the stopped server's log holds that the server of another region, source, does not know. The copy of that
// part of the log goes to the folder saved beside the data.
func (s *Server) Divergence(ctx context.Context, source string, from rapbot.LSN) (rapbot.Divergence, error) {
	var answer bytes.Buffer
	var d rapbot.Divergence
	if err := s.handle(ctx, &answer, nil, divergeVerb, source, fromText(from)); err != nil {
		return d, err
	}
	if err := json.Unmarshal(answer.Bytes(), &d); err != nil {
		return d, fmt.Errorf("divergence of %s: %w", s.Name, err)
	}
	return d, nil
}

// Rewind makes the stopped server's data follow the history of source's.
func (s *Server) Rewind(ctx context.Context, source string) error {
	return s.handle(ctx, io.Discard, nil, rewindVerb, source)
}

// Rebuild replaces the stopped server's data with a copy of source's, whose slot for this region must exist.
func (s *Server) Rebuild(ctx context.Context, source string, progress func(done, total int64)) error {
	return s.handle(ctx, io.Discard, progress, rebuildVerb, source)
}

func fromText(from rapbot.LSN) string {
	if from == 0 {
		return "0/0"
	}
	return from.String()
}

// handle runs the script and turns its end into an error of the port's.
func (s *Server) handle(ctx context.Context, stdout io.Writer, progress func(done, total int64), verb, source string, more ...string) error {
	other, err := s.fleet.find(source)
	if err != nil {
		return err
	}
	var said bytes.Buffer
	exit, err := s.runVolume(ctx, stdout, &figures{tell: progress, rest: &said}, verb, other, more...)
	if err != nil || exit == 0 {
		return err
	}
	code := rapbot.Unavailable
	if exit == exitRuns {
		code = rapbot.Precondition
	}
	return &rapbot.Error{Code: code, What: fmt.Sprintf("%s of %s exited with %d: %s", verb, s.Name, exit, child.LastLines(said.String(), 3))}
}

// runVolume runs the script as the servers' account. No start comes in between; when ctx ends first, the script and its children
// are killed as they stand.
func (s *Server) runVolume(ctx context.Context, stdout, stderr io.Writer, verb string, source *Server, more ...string) (exit int, err error) {
	select {
	case s.starting <- struct{}{}:
		defer func() { <-s.starting }()
	case <-ctx.Done():
		return 0, fmt.Errorf("%s of %s: a start is under way: %w", verb, s.Name, ctx.Err())
	}
	args := append([]string{s.path(volumeScript), verb, "127.0.0.1", strconv.Itoa(source.portFor(s.Name))}, more...)
	cmd := s.fleet.account.Command(s.dir, "sh", args...)
	cmd.Env = append(cmd.Env, s.volumeEnv()...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	p, err := child.Start(cmd)
	if err != nil {
		return 0, err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		_ = syscall.Kill(-p.PID(), syscall.SIGKILL) // the group, which is the script's own
		<-p.Done()
		return 0, fmt.Errorf("%s of %s: %w", verb, s.Name, ctx.Err())
	}
	if exit = cmd.ProcessState.ExitCode(); exit < 0 {
		return 0, fmt.Errorf("%s of %s: %s", verb, s.Name, p.State())
	}
	if exit == 0 && verb != divergeVerb {
		s.fleet.log("%s: %s from %s done", s.Name, verb, source.Name)
	}
	return exit, nil
}

func (s *Server) volumeEnv() []string {
	login := "user=replicator passfile=" + quoteConninfo(s.path("pgpass")) + " sslmode=disable gssencmode=disable"
	return append([]string{
		"VOLUME_PGDATA=" + s.DataDir(), "VOLUME_CONFIG=" + s.path("server.conf"), "VOLUME_SAVE=" + s.path("saved"),
		"VOLUME_BIN=" + s.fleet.pg.Dir, "VOLUME_SLOT=" + s.Slot, "VOLUME_CONNINFO=" + login, "VOLUME_REWIND_CONNINFO=" + login + " dbname=postgres",
		"TMPDIR=" + s.dir, // where nothing of a script that was killed outlives the fleet
	}, s.fleet.volumeEnv...)
}

// figures is a writer that tells the progress which PostgreSQL's programs print, and passes the rest on.
type figures struct {
	tell func(done, total int64)
	rest io.Writer
	line []byte
}

func (f *figures) Write(p []byte) (int, error) {
	f.line = append(f.line, p...)
	for {
		end := bytes.IndexAny(f.line, "\r\n")
		if end < 0 {
			return len(p), nil
		}
		var done, total int64
		if n, _ := fmt.Sscanf(string(f.line[:end]), "%d/%d kB", &done, &total); n == 2 {
			if f.tell != nil {
				f.tell(done<<10, total<<10)
			}
		} else if _, err := f.rest.Write(f.line[:end+1]); err != nil {
			return 0, err
		}
		f.line = f.line[end+1:]
	}
}
