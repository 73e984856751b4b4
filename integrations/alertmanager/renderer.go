package alertmanager

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"path/filepath"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rap-analyzer/rapbot"
)

// What a rendering may take. Whatever exceeds it is an error.
const (
	maxOutput  = 8 << 10
	renderTime = 2 * time.Second
)

// The names of the two templates in errors. Names with a space do not clash
// with the operator's own.
const (
	titleTemplate = "alert title"
	textTemplate  = "alert text"
)

// RendererOptions is what a Renderer is made of.
type RendererOptions struct {
	Globs       []string              // files of templates, as in Alertmanager's own templates option
	Title, Text string                // templates, such as {{ template "slack.default.title" . }}
	ExternalURL string                // of Alertmanager; empty takes the one of each delivery
	Registerer  prometheus.Registerer // nil registers no metrics
}

// Renderer runs an operator's Alertmanager templates.
type Renderer struct {
	templates   *template.Template
	text        *texttemplate.Template // those of templates, within reach of a writer that can stop them
	externalURL string
	limit       time.Duration
	busy        chan struct{} // one at a time, so that one that does not end is the only one
	failures    prometheus.Counter
}

// NewRenderer loads the templates and proves them on a firing and a resolved
// sample, so that a mistake is found at the start and not with the first alert.
func NewRenderer(o RendererOptions) (*Renderer, error) {
	if o.ExternalURL != "" && webLink(o.ExternalURL) == "" {
		return nil, errors.New("alert templates: the external URL of Alertmanager is not an http or https address")
	}
	r := &Renderer{externalURL: o.ExternalURL, limit: renderTime, busy: make(chan struct{}, 1)}
	r.failures = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "rapbot_alertmanager_template_failures_total",
		Help: "Renderings of alert templates that failed, for which the built-in card stands in.",
	})
	if err := r.load(o); err != nil {
		return nil, fmt.Errorf("alert templates: %w", err)
	}
	for _, sample := range samples() {
		if _, _, err := r.inTime(dataOf(sample, r.externalURL)); err != nil {
			return nil, fmt.Errorf("alert templates: try a %s sample: %w", sample.Status, err)
		}
	}
	if o.Registerer == nil {
		return r, nil
	}
	if err := o.Registerer.Register(r.failures); err != nil {
		return nil, fmt.Errorf("register template metrics: %w", err)
	}
	return r, nil
}

func (r *Renderer) load(o RendererOptions) error {
	for _, glob := range o.Globs {
		files, err := filepath.Glob(glob)
		if err != nil {
			return fmt.Errorf("%s: %w", glob, err)
		}
		if len(files) == 0 {
			return fmt.Errorf("%s: no such file", glob)
		}
	}
	var err error
	reach := func(t *texttemplate.Template, _ *htmltemplate.Template) { r.text = t }
	if r.templates, err = template.FromGlobs(o.Globs, reach); err != nil {
		return err
	}
	// These two can bring back what was escaped.
	r.text.Funcs(texttemplate.FuncMap{
		"urlUnescape":  safely(template.DefaultFuncs["urlUnescape"]),
		"base64decode": safely(template.DefaultFuncs["base64decode"]),
	})
	if _, err := r.text.New(titleTemplate).Parse(o.Title); err != nil {
		return err
	}
	_, err = r.text.New(textTemplate).Parse(o.Text)
	return err
}

// safely escapes what a decoding function of the template package returns. An
// ampersand stays, as it was escaped before; alone it is harmless.
func safely(decode any) func(string) (string, error) {
	return func(s string) (string, error) {
		out, err := decode.(func(string) (string, error))(s)
		return unmarked(brackets.Replace(out)), err
	}
}

var brackets = strings.NewReplacer("<", "&lt;", ">", "&gt;")

// Render runs both templates on a delivery. The results are chat markup for
// Card. On an error there are none, and the built-in card is to be shown.
func (r *Renderer) Render(d rapbot.Delivery) (title, text string, err error) {
	title, text, err = r.inTime(dataOf(d, r.externalURL))
	if err != nil {
		r.failures.Inc()
		return "", "", fmt.Errorf("render alert templates: %w", err)
	}
	return title, text, nil
}
