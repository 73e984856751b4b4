package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// logOptions are what kubectl logs can ask for.
type logOptions struct {
	previous, follow, timestamps bool
	since                        time.Time
	tail                         int   // lines; negative for all
	limit                        int64 // bytes; zero for all
}

func parseLogOptions(get func(string) string) (logOptions, error) {
	o := logOptions{previous: get("previous") == "true", follow: get("follow") == "true", timestamps: get("timestamps") == "true", tail: -1}
	var all []error
	number := func(name string, set func(int64)) {
		if text := get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			all = append(all, err)
			set(n)
		}
	}
	number("tailLines", func(n int64) { o.tail = int(n) })
	number("limitBytes", func(n int64) { o.limit = n })
	number("sinceSeconds", func(n int64) { o.since = time.Now().Add(-time.Duration(n) * time.Second) })
	if text := get("sinceTime"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		all, o.since = append(all, err), at
	}
	return o, errors.Join(all...)
}

func (r *run) serveLogs(w http.ResponseWriter, request *http.Request) {
	p := r.podOf(w, request)
	if p == nil {
		return
	}
	c, err := p.container(request.PathValue("container"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	options, err := parseLogOptions(request.URL.Query().Get)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	file, err := os.Open(c.logPath(options.previous))
	if err != nil {
		what := "is waiting to start"
		if options.previous {
			what = "has not ended before"
		}
		http.Error(w, fmt.Sprintf("container %q in pod %q %s", c.spec.Name, p.object.Name, what), http.StatusBadRequest)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	_ = c.copyLog(request.Context(), flusher{w}, file, options) // an error says that nobody reads any more
}

// flusher brings every line on its way at once.
type flusher struct{ http.ResponseWriter }

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	_ = http.NewResponseController(f.ResponseWriter).Flush() // what cannot be flushed comes later
	return n, err
}

// errEnough ends the copying.
var errEnough = errors.New("enough")

// copyLog writes what a log says and, if asked to, what comes to it until the run that it is of has ended.
func (c *container) copyLog(ctx context.Context, to io.Writer, from io.Reader, o logOptions) error {
	running := c.running() // before the log is read: what is said after that is not missed
	left := o.limit
	show := func(line string) error {
		at, words, ok := splitLine(line)
		if !ok || at.Before(o.since) {
			return nil
		}
		if o.timestamps {
			words = at.Format(time.RFC3339Nano) + " " + words
		}
		if o.limit > 0 {
			if int64(len(words)) >= left {
				words = words[:left]
			}
			left -= int64(len(words))
		}
		if _, err := io.WriteString(to, words); err != nil {
			return err
		}
		if o.limit > 0 && left == 0 {
			return errEnough
		}
		return nil
	}
	lines := &lineReader{from: bufio.NewReader(from)}
	if err := lines.last(o.tail, show); err != nil {
		return err
	}
	for o.follow && !o.previous && running != nil {
		ended := false
		select {
		case <-running.Done():
			ended = true
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := lines.last(-1, show); err != nil {
			return err
		}
		if ended {
			return nil
		}
	}
	return nil
}

// lineReader reads the whole lines that there are, and later those that have come to it.
type lineReader struct {
	from *bufio.Reader
	rest string // of a line that is being written
}

// last shows the last lines that there are, all of them when n is negative.
func (l *lineReader) last(n int, show func(string) error) error {
	var kept []string
	for {
		line, err := l.from.ReadString('\n')
		l.rest += line
		if err != nil {
			break
		}
		whole := l.rest
		l.rest = ""
		if n < 0 {
			if err := show(whole); err != nil {
				return err
			}
			continue
		}
		if kept = append(kept, whole); len(kept) > n {
			kept = kept[1:]
		}
	}
	for _, line := range kept {
		if err := show(line); err != nil {
			return err
		}
	}
	return nil
}

// PodLog gives what a container has said, the last lines of it; for who looks into the lab.
func (n *Node) PodLog(namespace, name, container string, lines int) (string, error) {
	r := n.current()
	if r == nil {
		return "", errDead
	}
	p, err := r.find(namespace, name)
	if err != nil {
		return "", err
	}
	c, err := p.container(container)
	if err != nil {
		return "", err
	}
	file, err := os.Open(c.logPath(false))
	if err != nil {
		return "", err
	}
	defer file.Close()
	var said strings.Builder
	err = c.copyLog(r.ctx, &said, file, logOptions{tail: lines})
	return said.String(), err
}
