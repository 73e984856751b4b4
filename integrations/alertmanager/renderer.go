package alertmanager

import (
	"cmp"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"path/filepath"
	texttemplate "text/template"
	"time"

	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// What a rendering may take. Whatever exceeds it is an error.
const (
	maxOutput  = 64 << 10 // bytes of one key
	renderTime = 2 * time.Second
	tryTime    = 10 * time.Second // at the start, when much else happens and nobody waits
)

// RendererOptions is what a Renderer is made of.
type RendererOptions struct {
	Globs       []string              // files of templates, as in Alertmanager's own templates option
	Block       SlackBlock            // what is rendered, as in Alertmanager's slack_configs
	ExternalURL string                // of Alertmanager; empty takes the one of each delivery
	Limit       time.Duration         // of one rendering; zero is two seconds
	Registerer  prometheus.Registerer // nil registers no metrics
}

// Renderer runs an operator's Alertmanager templates.
type Renderer struct {
	templates   *template.Template
	block       SlackBlock
	keys        []prepared
	externalURL string
	limit       time.Duration
	busy        chan struct{} // one at a time, so that one that does not end is the only one
	failures    prometheus.Counter
}

// prepared is one key of the block, ready to run. Each has a set of templates of
// its own, because what one key defines another does not see.
type prepared struct {
	KeyTemplate
	set *texttemplate.Template
}

// NewRenderer loads the templates and proves them on a firing and a resolved
// sample, so that a mistake is found at the start and not with the first alert.
func NewRenderer(o RendererOptions) (*Renderer, error) {
	if o.ExternalURL != "" && webLink(o.ExternalURL) == "" {
		return nil, errors.New("alert templates: the external URL of Alertmanager is not an http or https address")
	}
	r := &Renderer{block: o.Block, externalURL: o.ExternalURL, limit: tryTime, busy: make(chan struct{}, 1)}
	r.failures = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "rapbot_alertmanager_template_failures_total",
		Help: "Renderings of alert templates that failed, for which the built-in card stands in.",
	})
	if err := r.load(o); err != nil {
		return nil, fmt.Errorf("alert templates: %w", err)
	}
	for _, sample := range samples() {
		if _, err := r.inTime(dataOf(sample, r.externalURL)); err != nil {
			return nil, fmt.Errorf("alert templates: try a %s sample: %w", sample.Status, err)
		}
	}
	r.limit = cmp.Or(o.Limit, renderTime)
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
	var files *texttemplate.Template
	var err error
	reach := func(t *texttemplate.Template, _ *htmltemplate.Template) { files = t }
	if r.templates, err = template.FromGlobs(o.Globs, reach); err != nil {
		return err
	}
	files.Funcs(onValues)
	for _, t := range o.Block.templates() {
		if t.Text == "" {
			continue
		}
		k, err := prepare(files, t)
		if err != nil {
			return t.wrong(err)
		}
		r.keys = append(r.keys, k)
	}
	return nil
}

func prepare(files *texttemplate.Template, t KeyTemplate) (prepared, error) {
	set, err := files.Clone()
	if err != nil {
		return prepared{}, err
	}
	if set, err = set.New(t.name()).Parse(t.Text); err != nil {
		return prepared{}, err
	}
	stoppable(set)
	return prepared{t, set}, defined(set)
}

// Render runs every template of the block on a delivery. On an error, which is
// for people, there is nothing rendered, and the built-in card is to be shown.
func (r *Renderer) Render(d alert.Delivery) (*Rendered, error) {
	texts, err := r.inTime(dataOf(d, r.externalURL))
	if err != nil {
		r.failures.Inc()
		return nil, &rapbot.Error{
			Code: rapbot.Invalid, What: "This alert's template failed: " + oneLine(wordsOf(err.Error()), maxSentence) + ".",
			Changed: "The card is in rapbot's own words; nothing of the alert is lost.",
			Now:     "Mend the template, try it with `rapbot check-config`, and restart rapbot.", Err: err,
		}
	}
	return &Rendered{Texts: texts, block: r.block}, nil
}

// Card is the card of a group as it is known now. It is always good: an error
// only says why it is not the one that the templates would have made. A nil
// Renderer has the built-in card.
func (r *Renderer) Card(g alert.Group, now time.Time) (rapbot.Message, error) {
	if r == nil {
		return Card(g, now, nil), nil
	}
	rendered, err := r.Render(g.Latest)
	return Card(g, now, rendered), err
}
