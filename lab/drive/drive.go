// Package drive operates rapbot in the lab's world as people would: they say things in the operations channel, press buttons on what
// they see, and wait for what appears.
package drive

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/lab/wait"
	"github.com/rap-analyzer/rapbot/lab/workspace"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// Operations is the channel in which rapbot is operated.
const Operations = "rap-ops"

// glance is how often a person looks again.
const glance = 20 * time.Millisecond

// People are the people of a world.
type People struct{ World *world.World }

// Say has a person type something in the operations channel.
func (p People) Say(person, words string) error {
	if _, err := p.World.Slack.As(person).Say(Operations, words, ""); err != nil {
		return fmt.Errorf("%s: %s: %w", person, words, err)
	}
	return nil
}

// Click has a person press a button on a message.
func (p People) Click(person string, m workspace.Message, button string) error {
	if err := p.World.Slack.As(person).Click(workspace.Where{Channel: m.Channel, TS: m.TS}, button, false); err != nil {
		return fmt.Errorf("%s presses %s on [%s] %s: %w", person, button, m.TS, FirstLine(m.Text), err)
	}
	return nil
}

// See waits until a person sees a message in a channel with all of these words, newer than after, and returns it.
func (p People) See(ctx context.Context, person, channel, after string, words ...string) (found workspace.Message, err error) {
	var messages []workspace.Message
	timeout := wait.Until(ctx, glance, func() bool {
		if messages, err = p.World.Slack.As(person).Messages(channel); err != nil {
			return true
		}
		for _, m := range messages {
			if m.TS > after && Contains(m, words...) {
				found = m
				return true
			}
		}
		return false
	})
	if timeout != nil {
		err = fmt.Errorf("%s does not see %q in %s: %w; there is:\n%s", person, words, channel, timeout, Told(messages))
	}
	return found, err
}

// Newest is the timestamp of the newest message a person sees.
func (p People) Newest(person, channel string) (string, error) {
	messages, err := p.World.Slack.As(person).Messages(channel)
	last := ""
	for _, m := range messages {
		last = max(last, m.TS)
	}
	return last, err
}

// Message is a message as it reads now.
func (p People) Message(at workspace.Message) (workspace.Message, error) {
	messages, err := p.World.Slack.As("bob").Messages(at.Channel)
	if err != nil {
		return at, err
	}
	for _, m := range messages {
		if m.TS == at.TS {
			return m, nil
		}
	}
	return at, fmt.Errorf("message %s is gone", at.TS)
}

// Contains says whether a message has all of these words, in its text or its blocks.
func Contains(m workspace.Message, words ...string) bool {
	for _, w := range words {
		if !strings.Contains(m.Text, w) && !strings.Contains(string(m.Blocks), w) {
			return false
		}
	}
	return true
}

// Told is the end of a conversation, for an error.
func Told(messages []workspace.Message) string {
	var b strings.Builder
	for _, m := range messages[max(0, len(messages)-8):] {
		fmt.Fprintf(&b, "  [%s] %s\n", m.TS, m.Text)
	}
	return b.String()
}

// FirstLine is a message's title.
func FirstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
