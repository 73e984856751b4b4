package node

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
)

// logFile is what a container says in one run: a line each with its time and stream, as container runtimes write it. The one of the run before is kept.
type logFile struct {
	mu      sync.Mutex
	file    *os.File
	streams []*stream
}

func (c *container) logPath(previous bool) string {
	name := c.spec.Name + ".log"
	if previous {
		name += ".previous"
	}
	return c.pod.path("log", name)
}

func (c *container) openLog() (*logFile, error) {
	if err := os.Rename(c.logPath(false), c.logPath(true)); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	file, err := os.OpenFile(c.logPath(false), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &logFile{file: file}, nil
}

// finish writes what the program said last without ending the line. It has ended.
func (l *logFile) finish() {
	for _, s := range l.streams {
		if len(s.rest) > 0 {
			s.line(s.rest, "F")
			s.rest = nil
		}
	}
}

func (l *logFile) Close() error { return l.file.Close() }

// stream is one of the two streams that a program writes.
func (l *logFile) stream(name string) io.Writer {
	s := &stream{log: l, name: name}
	l.streams = append(l.streams, s)
	return s
}

type stream struct {
	log  *logFile
	name string
	rest []byte // of a line that has not ended
}

// longestLine is where a line is cut, so that a program that never ends one does not fill the memory.
const longestLine = 16 << 10

func (s *stream) Write(p []byte) (int, error) {
	s.rest = append(s.rest, p...)
	for {
		at := bytes.IndexByte(s.rest, '\n')
		switch {
		case at >= 0:
			s.line(s.rest[:at], "F")
			s.rest = s.rest[at+1:]
		case len(s.rest) >= longestLine:
			s.line(s.rest, "P")
			s.rest = nil
		default:
			return len(p), nil
		}
	}
}

func (s *stream) line(text []byte, tag string) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	// What cannot be written is lost, as on a full disk.
	_, _ = fmt.Fprintf(s.log.file, "%s %s %s %s\n", time.Now().UTC().Format(time.RFC3339Nano), s.name, tag, text)
}

// lastLines gives the end of what was said, without times.
func (l *logFile) lastLines(n int) string {
	text, err := os.ReadFile(filepath.Clean(l.file.Name()))
	if err != nil {
		return err.Error()
	}
	var said []string
	for line := range strings.Lines(string(text)) {
		if _, words, ok := splitLine(line); ok {
			said = append(said, words)
		}
	}
	return child.LastLines(strings.Join(said, ""), n)
}

// splitLine gives the time of a line of a log and its words, with the end of the line if it is a whole one.
func splitLine(line string) (at time.Time, words string, ok bool) {
	parts := strings.SplitN(line, " ", 4)
	if len(parts) < 4 || !strings.HasSuffix(line, "\n") {
		return time.Time{}, "", false
	}
	at, err := time.Parse(time.RFC3339Nano, parts[0])
	words = parts[3]
	if parts[2] == "P" {
		words = strings.TrimSuffix(words, "\n")
	}
	return at, words, err == nil
}
