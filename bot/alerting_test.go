package bot_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/bot"
)

// alerting is the file alerting.json of a play: where alerts go, what the
// watchdog is, and who is called.
type alerting struct {
	Routes []struct {
		Match        map[string]string `json:"match"`
		Channel      string            `json:"channel"`
		MentionGroup string            `json:"mention_group"`
	} `json:"routes"`
	Watchdog struct {
		Match     map[string]string `json:"match"`
		SilentFor string            `json:"silent_for"`
	} `json:"watchdog"`
	Escalate struct {
		After string `json:"after"`
		Group string `json:"group"`
	} `json:"escalate"`
}

func (p *player) alerting(o *bot.Options) error {
	text, is := p.files["alerting.json"]
	if !is {
		return nil
	}
	var a alerting
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("alerting.json: %w", err)
	}
	for _, r := range a.Routes {
		match, err := alert.ParseMatch(r.Match)
		if err != nil {
			return err
		}
		o.Routes = append(o.Routes, bot.Route{Match: match, Channel: r.Channel, MentionGroup: r.MentionGroup})
	}
	match, err := alert.ParseMatch(a.Watchdog.Match)
	if err != nil {
		return err
	}
	o.Watchdog.Match, o.Escalate.Group = match, a.Escalate.Group
	if a.Watchdog.SilentFor != "" {
		if o.Watchdog.SilentFor, err = time.ParseDuration(a.Watchdog.SilentFor); err != nil {
			return err
		}
	}
	if a.Escalate.After != "" {
		o.Escalate.After, err = time.ParseDuration(a.Escalate.After)
	}
	return err
}
