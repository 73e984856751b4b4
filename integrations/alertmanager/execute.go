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
	title, text string
	err         error
}

// inTime gives up at the limit. A template that writes nothing cannot be
// stopped, so it goes on alone: the next rendering waits for it and fails.
func (r *Renderer) inTime(data *template.Data) (title, text string, err error) {
	deadline := time.Now().Add(r.limit)
	timer := time.NewTimer(r.limit)
	defer timer.Stop()
	select {
	case r.busy <- struct{}{}:
	case <-timer.C:
		return "", "", errTooSlow
	}
	done := make(chan rendering, 1)
	go func() {
		defer func() { <-r.busy }()
		done <- r.both(data, deadline)
	}()
	select {
	case out := <-done:
		return out.title, out.text, out.err
	case <-timer.C:
		return "", "", errTooSlow
	}
}

// both renders title and text. A panic in a template function must not take
// the bot along.
func (r *Renderer) both(data *template.Data, deadline time.Time) (out rendering) {
	defer func() {
		if p := recover(); p != nil {
			out = rendering{err: fmt.Errorf("panic: %v", p)}
		}
	}()
	// The clone gets its own routeLabels, the way Alertmanager does it.
	t, err := r.text.Clone()
	if err != nil {
		return rendering{err: err}
	}
	t.Funcs(texttemplate.FuncMap{"routeLabels": r.templates.RouteLabelRenderer(data)})
	title, err := execute(t, titleTemplate, data, deadline)
	if err != nil {
		return rendering{err: err}
	}
	text, err := execute(t, textTemplate, data, deadline)
	if err != nil {
		return rendering{err: err}
	}
	return rendering{title: oneLine(title, maxOutput), text: strings.TrimSpace(tidy(text, maxOutput))}
}

func execute(t *texttemplate.Template, name string, data *template.Data, deadline time.Time) (string, error) {
	w := &boundedWriter{deadline: deadline}
	if err := t.ExecuteTemplate(w, name, data); err != nil {
		return "", err
	}
	return w.b.String(), nil
}

// boundedWriter stops a template that says too much or takes too long, which
// a template notices when it writes.
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
