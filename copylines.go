package rapbot

import (
	"bytes"
	"regexp"
	"strconv"
	"sync"
)

// CopyLines takes apart what pg_basebackup and pg_rewind print: it tells their
// progress, and passes the other lines on. It is written to in whatever pieces
// the output comes.
type CopyLines struct {
	Tell func(done, total int64) // in bytes
	Rest func(line []byte)       // with its end; what it is given is good until it returns

	mu   sync.Mutex
	line []byte // that has not ended yet
}

// longestLine bounds what is kept of a line that does not end.
const longestLine = 4 << 10

var (
	progressLine = regexp.MustCompile(`^\s*(\d{1,15})/(\d{1,15}) kB \(`)
	lineEnds     = "\r\n" // a terminal gets its progress on one line
)

// Write takes a piece. It never fails.
func (c *CopyLines) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	written := len(p)
	for len(p) > 0 {
		end := bytes.IndexAny(p, lineEnds)
		if end < 0 {
			c.line = append(c.line, p...)
			break
		}
		c.line = append(c.line, p[:end+1]...)
		c.take()
		p = p[end+1:]
	}
	if len(c.line) > longestLine {
		c.take()
	}
	return written, nil
}

// Finish takes the last line, which may have no end.
func (c *CopyLines) Finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.take()
}

func (c *CopyLines) take() {
	if figures := progressLine.FindSubmatch(c.line); figures != nil {
		c.Tell(bytesOf(figures[1]), bytesOf(figures[2]))
	} else {
		c.Rest(c.line)
	}
	c.line = c.line[:0]
}

// bytesOf reads kB as PostgreSQL means them; the expression bounds the digits.
func bytesOf(kB []byte) int64 {
	n, _ := strconv.ParseInt(string(kB), 10, 64)
	return n << 10
}
