package slack

import (
	"context"

	"github.com/rap-analyzer/rapbot"
)

// Kind says what a person did.
type Kind string

// The kinds of events.
const (
	Command    Kind = "command"     // Text is what follows the command's name
	Click      Kind = "click"       // Action, Value, Message
	Submission Kind = "submission"  // Action, Value, Values
	Mention    Kind = "mention"     // Text is what follows the mention; also a direct message
	HomeOpened Kind = "home_opened" // the app's Home tab
)

// Event is something a person did.
type Event struct {
	ID      string // the same for every delivery of one event
	Kind    Kind
	User    string
	Channel string
	Thread  string // ID of the thread's first message; empty outside of threads
	Text    string
	Action  string
	Value   string
	Message rapbot.Ref // what was clicked on
	Values  map[string]string
	Trigger string // opens a form within three seconds
	// Reply answers this person alone. A second reply to a command takes the
	// place of the first; one to a click stands beside it, because Slack would
	// replace the message that was clicked on.
	Reply func(context.Context, rapbot.Message) error
}

// Handler does what an event asks for. Its context ends when the adapter must
// stop or the event has taken too long.
type Handler func(context.Context, Event)
