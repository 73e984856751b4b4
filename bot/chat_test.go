package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

var start = time.Date(2026, 3, 2, 3, 4, 0, 0, time.UTC)

// fakeClock is a clock that moves only when it is told to, or slept on.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.add(d)
	return ctx.Err()
}

// transcript is a chat that writes down everything said in it.
type transcript struct {
	posted func(rapbot.Ref) // happens while the bot does not know yet where its message stands
	out    strings.Builder
	posts  []post
	forms  []rapbot.Form
	down   bool
	closed string         // a channel that the bot may not post in
	keys   map[string]int // of replies, with the run that said them
	run    int            // of the bot: what an earlier one said is found again by its key

	bounded bool // Slack takes only so many posts, and then none
	takes   int

	paced bool // Slack takes as many posts without a wait as there is room for
	space int
}

// room is how many posts would be taken without a wait.
func (t *transcript) room(string) int {
	if t.paced {
		return t.space
	}
	return 100
}

type post struct {
	ref rapbot.Ref
	m   rapbot.Message

	deleted bool
}

var errDown = errors.New("slack is down")

func (t *transcript) say(head string, m rapbot.Message) {
	fmt.Fprintf(&t.out, "    %s\n", head)
	plain := m.Plain()
	if plain == "" {
		return
	}
	for _, line := range strings.Split(plain, "\n") {
		fmt.Fprintf(&t.out, "      %s\n", line)
	}
}

// take returns what was said since the last call.
func (t *transcript) take() string {
	s := t.out.String()
	t.out.Reset()
	return s
}

// again reports whether an earlier run said this under the same key.
func (t *transcript) again(key string) bool {
	if t.keys == nil {
		t.keys = map[string]int{}
	}
	run, said := t.keys[key]
	if key != "" {
		t.keys[key] = t.run
	}
	return said && run != t.run
}

func (t *transcript) Post(_ context.Context, to rapbot.Place, key string, m rapbot.Message) (rapbot.Ref, error) {
	if err := t.admits(); err != nil {
		return rapbot.Ref{}, err
	}
	t.space--
	if to.Thread != "" {
		if t.again(key) {
			return rapbot.Ref{Channel: to.Channel, ID: "reply"}, nil
		}
		t.say(fmt.Sprintf("#%s [%s] thread", to.Channel, to.Thread), m)
		return rapbot.Ref{Channel: to.Channel, ID: "reply"}, nil
	}
	ref := rapbot.Ref{Channel: to.Channel, ID: fmt.Sprint(len(t.posts) + 1)}
	t.posts = append(t.posts, post{ref: ref, m: m})
	t.say(fmt.Sprintf("#%s [%s]", to.Channel, ref.ID), m)
	if t.posted != nil {
		t.posted(ref)
	}
	return ref, nil
}

func (t *transcript) Attach(_ context.Context, to rapbot.Place, key string, f rapbot.File) (rapbot.Ref, error) {
	if t.down {
		return rapbot.Ref{}, errDown
	}
	if to.Channel == t.closed {
		return rapbot.Ref{}, rapbot.Refuse(rapbot.Forbidden, "rapbot is not in that channel.", "Invite it.")
	}
	if err := f.Check(); err != nil {
		return rapbot.Ref{}, err
	}
	if t.again(key) {
		return rapbot.Ref{Channel: to.Channel, ID: "file"}, nil
	}
	t.say(fmt.Sprintf("#%s [%s] file %s %q (%s)", to.Channel, to.Thread, f.Name, f.Title, f.MIME), f.Comment)
	return rapbot.Ref{Channel: to.Channel, ID: "file"}, nil
}

func (t *transcript) Edit(_ context.Context, at rapbot.Ref, m rapbot.Message) error {
	if t.down {
		return errDown
	}
	for i := range t.posts {
		if t.posts[i].ref != at {
			continue
		}
		if t.posts[i].deleted {
			return &rapbot.Error{Code: rapbot.NotFound, What: "message_not_found"}
		}
		t.posts[i].m = m
	}
	t.say(fmt.Sprintf("#%s [%s] edited", at.Channel, at.ID), m)
	return nil
}

func (t *transcript) Whisper(_ context.Context, _ rapbot.Place, user string, m rapbot.Message) error {
	t.say("only "+nameOf(user), m)
	return nil
}

func (t *transcript) OpenForm(_ context.Context, _ string, f rapbot.Form) error {
	t.forms = append(t.forms, f)
	m := rapbot.Message{Blocks: []rapbot.Block{rapbot.Heading{Text: f.Title}, rapbot.Paragraph{Text: f.Intro}}}
	for _, in := range f.Inputs {
		line := in.Label + ":"
		for _, o := range in.Options {
			line += " (" + o.Label + ")"
		}
		if in.Initial != "" {
			line += " " + strings.ReplaceAll(in.Initial, "\n", " ⏎ ")
		}
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(line)})
	}
	m.Blocks = append(m.Blocks, rapbot.Buttons{{Label: f.Submit}})
	t.say("form", m)
	return nil
}

// button finds a button by its label on a post.
func (t *transcript) button(id, label string) (rapbot.Ref, rapbot.Button, error) {
	for _, p := range t.posts {
		if p.ref.ID != id {
			continue
		}
		for _, b := range p.m.Blocks {
			buttons, _ := b.(rapbot.Buttons)
			for _, button := range buttons {
				if button.Label == label {
					return p.ref, button, nil
				}
			}
		}
		return p.ref, rapbot.Button{}, fmt.Errorf("no button %q on [%s]", label, id)
	}
	return rapbot.Ref{}, rapbot.Button{}, fmt.Errorf("no message [%s]", id)
}

// directory knows the people of every play.
type directory struct {
	people map[string]rapbot.Person
	down   bool
}

func newDirectory() *directory {
	d := &directory{people: map[string]rapbot.Person{}}
	for _, p := range []rapbot.Person{
		{Name: "alice"},
		{Name: "bob", Approver: true},
		{Name: "carol", Approver: true},
		{Name: "mallory"},
		{Name: "gina", Guest: true, Approver: true},
		{Name: "dave", Approver: true, Inactive: true},
		{Name: "eve", External: true, Approver: true},
		{Name: "robot", Bot: true, Approver: true},
	} {
		p.ID = "U" + strings.ToUpper(p.Name)
		d.people[p.ID] = p
	}
	return d
}

func nameOf(id string) string { return strings.ToLower(strings.TrimPrefix(id, "U")) }

func (d *directory) Person(_ context.Context, id string) (rapbot.Person, error) {
	if d.down {
		return rapbot.Person{}, rapbot.Refuse(rapbot.Unavailable, "Slack does not say who is in the approver group at this moment.", "Try again in a minute.")
	}
	return d.people[id], nil
}
