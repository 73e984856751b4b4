package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rap-analyzer/rapbot/bot"
)

// alertMetrics tells how the alerts stand, beside how their deliveries were
// taken.
func alertMetrics(b *bot.Bot, registry *prometheus.Registry) {
	for _, m := range []struct {
		name, help string
		value      func(bot.AlertFigures) float64
	}{
		{"groups_waiting", "Alert groups that have no card yet.", func(f bot.AlertFigures) float64 { return float64(f.Waiting) }},
		{"oldest_wait_seconds", "For how long the alert group that waits longest for its card has waited.", func(f bot.AlertFigures) float64 { return f.Oldest.Seconds() }},
		{"digests", "Storms that go on: channels in which a digest stands for what waits.", func(f bot.AlertFigures) float64 { return float64(f.Digests) }},
	} {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "rapbot_alert_" + m.name, Help: m.help}, func() float64 {
			return m.value(b.AlertFigures())
		}))
	}
	for _, m := range []struct {
		name, help string
		value      func(bot.AlertFigures) int64
	}{
		{"cards_posted_total", "Cards of alert groups that were put up.", func(f bot.AlertFigures) int64 { return f.Posted }},
		{"cards_edited_total", "Edits of cards of alert groups.", func(f bot.AlertFigures) int64 { return f.Edited }},
		{"replies_total", "Replies in the threads of alert groups.", func(f bot.AlertFigures) int64 { return f.Told }},
		{"failures_total", "Tries to show something of the alerts that failed, each of which is repeated.", func(f bot.AlertFigures) int64 { return f.Failed }},
	} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "rapbot_alert_" + m.name, Help: m.help}, func() float64 {
			return float64(m.value(b.AlertFigures()))
		}))
	}
}
