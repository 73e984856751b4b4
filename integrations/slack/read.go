package slack

import (
	"regexp"
	"strings"
	"time"

	sdk "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/rap-analyzer/rapbot"
)

// typedMax bounds what somebody typed.
const typedMax = 4000

// read turns what slack-go received into an event. False: there is nothing to
// do about it.
func (a *Adapter) read(in socketmode.Event) (Event, bool) {
	var e Event
	var url string
	switch data := in.Data.(type) {
	case sdk.SlashCommand:
		e, url = command(data), data.ResponseURL
	case sdk.InteractionCallback:
		e, url = interaction(data), data.ResponseURL
	case slackevents.EventsAPIEvent:
		e = a.event(data)
	}
	if e.Kind == "" || !userID.MatchString(e.User) || e.User == a.self() {
		return e, false
	}
	if e.ID == "" && in.Request != nil {
		e.ID = bound(in.Request.EnvelopeID, nameMax)
	}
	from := rapbot.Place{Channel: e.Channel, Thread: e.Thread}
	a.forms.remember(e.Trigger, from)
	r := &answer{a: a, user: e.User, to: from, url: a.answerURL(url), replaces: e.Kind == Command, since: time.Now()}
	e.Reply = r.reply
	return e, true
}

func command(c sdk.SlashCommand) Event {
	return Event{Kind: Command, User: c.UserID, Channel: c.ChannelID, Text: typed(c.Text), Trigger: c.TriggerID}
}

func interaction(c sdk.InteractionCallback) Event {
	switch {
	case c.Type == sdk.InteractionTypeViewSubmission:
		carried := recall(c.View.PrivateMetadata)
		return Event{
			Kind: Submission, User: c.User.ID, Channel: carried.Channel, Thread: carried.Thread, Trigger: c.TriggerID,
			Action: c.View.CallbackID, Value: carried.Value, Values: answers(c.View.State),
		}
	case c.Type == sdk.InteractionTypeBlockActions && len(c.ActionCallback.BlockActions) > 0:
		return click(c, c.ActionCallback.BlockActions[0])
	}
	return Event{} // shortcuts, closed views, suggestions: rapbot offers none
}

func click(c sdk.InteractionCallback, pressed *sdk.BlockAction) Event {
	action := actionOf(pressed.ActionID)
	if action == linkAction {
		return Event{} // Slack has opened the link
	}
	channel := c.Container.ChannelID
	if channel == "" {
		channel = c.Channel.ID
	}
	value := pressed.Value
	if pressed.SelectedOption.Value != "" {
		value = pressed.SelectedOption.Value
	}
	return Event{
		Kind: Click, User: c.User.ID, Channel: channel, Thread: c.Container.ThreadTs, Trigger: c.TriggerID,
		Action: action, Value: bound(value, buttonValueMax), Message: rapbot.Ref{Channel: channel, ID: c.Container.MessageTs},
	}
}

// event reads what Slack calls events. Only what a person has newly said
// counts: edits, deletions, bots and messages sent for others do not, because
// who is behind those is not who they name.
func (a *Adapter) event(in slackevents.EventsAPIEvent) Event {
	var e Event
	switch inner := in.InnerEvent.Data.(type) {
	case *slackevents.AppMentionEvent:
		if inner.BotID != "" || inner.Edited != nil {
			return e
		}
		e = Event{Kind: Mention, User: inner.User, Channel: inner.Channel, Thread: inner.ThreadTimeStamp, Text: typed(a.afterMention(inner.Text))}
	case *slackevents.MessageEvent:
		if inner.ChannelType != slackevents.ChannelTypeIM || inner.SubType != "" || inner.BotID != "" {
			return e
		}
		e = Event{Kind: Mention, User: inner.User, Channel: inner.Channel, Thread: inner.ThreadTimeStamp, Text: typed(a.afterMention(inner.Text))}
	case *slackevents.AppHomeOpenedEvent:
		if inner.Tab != "home" {
			return e
		}
		e = Event{Kind: HomeOpened, User: inner.User, Channel: inner.Channel}
	}
	if outer, is := in.Data.(*slackevents.EventsAPICallbackEvent); is {
		e.ID = bound(outer.EventID, nameMax)
	}
	return e
}

// afterMention is what follows the mention of rapbot.
func (a *Adapter) afterMention(text string) string {
	me := a.self()
	if me == "" {
		return text
	}
	before, after, found := strings.Cut(text, "<@"+me)
	if !found {
		return text
	}
	_, after, _ = strings.Cut(after, ">")
	if rest := strings.TrimLeft(after, " :,\u00a0"); rest != "" {
		return rest
	}
	return before
}

var (
	typedLink = regexp.MustCompile(`<((?:https?|mailto|tel):[^<>|]*)(?:\|([^<>]*))?>`)
	spaces    = strings.NewReplacer("\u00a0", " ", "\u202f", " ")
	unescape  = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// typed is what somebody typed, as they typed it: addresses without the
// brackets that Slack puts around them, and without its escapes. Mentions of
// people and channels stay in Slack's form.
func typed(s string) string {
	s = typedLink.ReplaceAllStringFunc(s, func(found string) string {
		parts := typedLink.FindStringSubmatch(found)
		if parts[2] != "" {
			return parts[2]
		}
		return parts[1]
	})
	return strings.TrimSpace(bound(clean(spaces.Replace(unescape.Replace(s))), typedMax))
}
