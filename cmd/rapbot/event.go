package main

import (
	"github.com/rap-analyzer/rapbot/bot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
)

var kinds = map[slack.Kind]bot.EventKind{
	slack.Command:    bot.CommandTyped,
	slack.Mention:    bot.Mentioned,
	slack.Click:      bot.ButtonPressed,
	slack.Submission: bot.FormSubmitted,
}

// botEvent is a Slack event in the bot's own words.
func botEvent(e slack.Event) bot.Event {
	return bot.Event{
		Kind: kinds[e.Kind], User: e.User, Channel: e.Channel, Thread: e.Thread, Text: e.Text,
		Action: e.Action, Value: e.Value, Message: e.Message, Values: e.Values, Trigger: e.Trigger, Reply: e.Reply,
	}
}
