package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/config"
	"github.com/rap-analyzer/rapbot/integrations/alertmanager"
)

// alertTemplates are the operator's, tried on samples, and nil for the built-in
// card.
func alertTemplates(c config.Alertmanager, registry prometheus.Registerer) (*alertmanager.Renderer, error) {
	if c.Slack == nil {
		return nil, nil
	}
	block := alertmanager.SlackBlock{Short: c.Slack.Short, Actions: c.Slack.Actions}
	for _, t := range c.Slack.Templates {
		block.Templates = append(block.Templates, alertmanager.KeyTemplate(t))
	}
	r, err := alertmanager.NewRenderer(alertmanager.RendererOptions{Globs: c.Templates, Block: block, Registerer: registry})
	if err != nil {
		return nil, usageError{fmt.Errorf("%w; nothing was started", err)}
	}
	return r, nil
}

// logged writes down why a card is not the one that the templates make.
func logged(card func(alert.Group, time.Time) (rapbot.Message, error), log *zap.Logger) func(alert.Group, time.Time) (rapbot.Message, error) {
	return func(g alert.Group, now time.Time) (rapbot.Message, error) {
		m, err := card(g, now)
		if err != nil {
			log.Warn("alert template", zap.Error(errors.Unwrap(err)))
		}
		return m, err
	}
}

// ignoredKeys names the keys of a pasted block that have no meaning here, and
// nothing of what stood there.
func ignoredKeys(c config.Alertmanager) string {
	if c.Slack == nil {
		return ""
	}
	return strings.Join(c.Slack.Ignored, ", ")
}
