package alertmanager

import (
	"errors"
	"fmt"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/prometheus/alertmanager/template"
)

var (
	errTooLong = fmt.Errorf("the result is longer than %d bytes", maxOutput)
	errTooSlow = errors.New("the template takes too long")
)

type rendering struct {
	texts map[string]string
	err   error
}

// inTime gives up at the limit, and so does what it has started as soon as a
// template begins, turns or writes. A function that does not return cannot be
// stopped: it goes on alone, and the next rendering waits for it and fails.
func (r *Renderer) inTime(data *template.Data) (map[string]string, error) {
	deadline := time.Now().Add(r.limit)
	timer := time.NewTimer(r.limit)
	defer timer.Stop()
	select {
	case r.busy <- struct{}{}:
	case <-timer.C:
		return nil, errTooSlow
	}
	done := make(chan rendering, 1)
	go func() {
		defer func() { <-r.busy }()
		done <- r.all(data, deadline)
	}()
	select {
	case out := <-done:
		return out.texts, out.err
	case <-timer.C:
		return nil, errTooSlow
	}
}

// all renders every key. A panic in a template function must not take the bot
// along.
func (r *Renderer) all(data *template.Data, deadline time.Time) (out rendering) {
	defer func() {
		if p := recover(); p != nil {
			out = rendering{err: fmt.Errorf("panic: %v", p)}
		}
	}()
	routeLabels := texttemplate.FuncMap{"routeLabels": r.templates.RouteLabelRenderer(data)}
	texts := make(map[string]string, len(r.keys))
	for _, k := range r.keys {
		text, err := k.execute(data, routeLabels, deadline)
		if err != nil {
			return rendering{err: k.wrong(err)}
		}
		texts[k.Key] = text
	}
	texts["title"] = cut(texts["title"], maxTitle)
	return rendering{texts: texts}
}

// execute gives a clone its own routeLabels, the way Alertmanager does it.
func (k prepared) execute(data *template.Data, funcs texttemplate.FuncMap, deadline time.Time) (string, error) {
	set, err := k.set.Clone()
	if err != nil {
		return "", err
	}
	w := &boundedWriter{deadline: deadline}
	if err := set.Funcs(funcs).Execute(w, data); err != nil {
		return "", err
	}
	return w.b.String(), nil
}

// maxTitle is where Alertmanager's own notifier cuts a title, in runes.
const maxTitle = 1024

func cut(s string, limit int) string {
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}

// boundedWriter stops a template that says too much or takes too long.
type boundedWriter struct {
	b        strings.Builder
	deadline time.Time
}

// Write implements io.Writer.
func (w *boundedWriter) Write(p []byte) (int, error) {
	switch {
	case w.b.Len()+len(p) > maxOutput:
		return 0, errTooLong
	case time.Now().After(w.deadline):
		return 0, errTooSlow
	}
	return w.b.Write(p)
}
