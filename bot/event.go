package bot

import (
	"context"

	"github.com/rap-analyzer/rapbot"
)

// EventKind says what a person did.
type EventKind string

// The kinds of events.
const (
	CommandTyped  EventKind = "command"    // Text is what follows the command's name
	Mentioned     EventKind = "mention"    // Text is what follows the mention
	ButtonPressed EventKind = "click"      // Action, Value, Message
	FormSubmitted EventKind = "submission" // Action, Value, Values
)

// Event is something a person did, neutral of the chat system.
type Event struct {
	Kind    EventKind
	User    string
	Channel string
	Thread  string
	Text    string
	Action  string
	Value   string
	Message rapbot.Ref
	Values  map[string]string
	Trigger string // opens a form within three seconds; empty where none can be opened
	// Reply answers this person alone. A second reply to one event takes the
	// place of the first.
	Reply func(context.Context, rapbot.Message) error
}
