package argv

import (
	"bytes"
	"io"
	"regexp"
	"strconv"
	"sync"
)

// follower is a writer that tells the progress which pg_basebackup and
// pg_rewind print, and passes the other lines on.
type follower struct {
	tell func(done, total int64)
	rest io.Writer

	mu   sync.Mutex
	line []byte // that has not ended yet
}

// longestLine bounds what is kept of a line that does not end.
const longestLine = 4 << 10

var (
	progressLine = regexp.MustCompile(`^\s*(\d{1,15})/(\d{1,15}) kB \(`)
	lineEnds     = "\r\n" // a terminal gets its progress on one line
)

func (f *follower) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	written := len(p)
	for len(p) > 0 {
		end := bytes.IndexAny(p, lineEnds)
		if end < 0 {
			f.line = append(f.line, p...)
			break
		}
		f.line = append(f.line, p[:end+1]...)
		f.take()
		p = p[end+1:]
	}
	if len(f.line) > longestLine {
		f.take()
	}
	return written, nil
}

// finish takes the last line, which may have no end.
func (f *follower) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.take()
}

func (f *follower) take() {
	if figures := progressLine.FindSubmatch(f.line); figures == nil {
		_, _ = f.rest.Write(f.line)
	} else {
		f.tell(bytesOf(figures[1]), bytesOf(figures[2]))
	}
	f.line = f.line[:0]
}

// bytesOf reads kB as PostgreSQL means them; the expression bounds the digits.
func bytesOf(kB []byte) int64 {
	n, _ := strconv.ParseInt(string(kB), 10, 64)
	return n << 10
}
