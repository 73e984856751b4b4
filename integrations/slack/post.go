package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strconv"
	"time"

	sdk "github.com/slack-go/slack"
	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// The key of a message is in its metadata, which any app of the workspace may
// read; it is a name and no secret.
const (
	metadataType = "rapbot"
	metadataKey  = "key"
)

// lookBack is for how long after the start nothing is posted while Slack does
// not say what was posted before: a process that crashed may have made the same
// post without recording so.
const lookBack = 5 * time.Minute

// recent is how old the message may be that a key finds. A journal that was
// lost gives its keys out again, and an old card must not pass for a new one.
const recent = 15 * time.Minute

// pagesRead bounds how much is read of a channel or a thread, a hundred
// messages a page: a quarter of an hour of one a second, and as much again.
const pagesRead = 20

// Room is how many messages Slack would take in a channel now. Post does not
// need it, and waits; it is for who has something more urgent a moment later.
func (a *Adapter) Room(channel string) int { return a.pacer.room("chat.postMessage", channel) }

// Post says something in a channel or a thread. A key that was said there
// before is not said again, whoever said it; when an answer is lost, it is
// looked for.
func (a *Adapter) Post(ctx context.Context, to rapbot.Place, key string, m rapbot.Message) (rapbot.Ref, error) {
	content := dress(m)
	s := said{to, keyOf(key)}
	if ref, err := a.earlier(ctx, s); err != nil || !ref.Zero() {
		return ref, a.told("chat.postMessage", err, "Nothing was posted.")
	}
	began := time.Now()
	for n := 0; ; n++ {
		ref, err := a.post(ctx, to, s.key, content)
		var doubt doubtful
		if err == nil {
			a.past.settle(s, ref)
			return ref, nil
		}
		if !errors.As(err, &doubt) {
			return ref, a.told("chat.postMessage", err, "Nothing was posted.")
		}
		a.past.doubt(s, began)
		if err := sleep(ctx, backoff(n, a.cfg.Backoff, slowest)); err != nil {
			return ref, a.told("chat.postMessage", doubt, "It may or may not have been posted.")
		}
		if ref, err = a.find(ctx, to, began.Add(-clockSkew), keyed(s.key)); err == nil && !ref.Zero() {
			a.past.settle(s, ref)
			return ref, nil
		}
		if err != nil || n == attempts {
			return ref, a.told("chat.postMessage", either(err, doubt), "It may or may not have been posted.")
		}
	}
}

// keyed tells the message with this key in its metadata.
func keyed(key string) func(sdk.Message) bool {
	return func(m sdk.Message) bool {
		return m.Metadata.EventType == metadataType && m.Metadata.EventPayload[metadataKey] == key
	}
}

func (a *Adapter) post(ctx context.Context, to rapbot.Place, key string, content dressed) (rapbot.Ref, error) {
	options := append(content.say(), sdk.MsgOptionMetadata(sdk.SlackMetadata{
		EventType: metadataType, EventPayload: map[string]any{metadataKey: key},
	}))
	if to.Thread != "" {
		options = append(options, sdk.MsgOptionTS(to.Thread))
	}
	var ref rapbot.Ref
	err := a.call(ctx, "chat.postMessage", to.Channel, once, func(ctx context.Context) error {
		channel, ts, err := a.api.PostMessageContext(ctx, to.Channel, options...)
		if err == nil {
			ref = rapbot.Ref{Channel: channel, ID: ts}
		}
		return err
	})
	return ref, err
}

// find looks for a message of rapbot's own that is the same; one of anybody
// else that claims to be does not count. The zero Ref means that there is none.
func (a *Adapter) find(ctx context.Context, to rapbot.Place, from time.Time, same func(sdk.Message) bool) (rapbot.Ref, error) {
	var found rapbot.Ref
	err := a.each(ctx, to, from, time.Time{}, func(m sdk.Message) bool {
		if same(m) {
			found = rapbot.Ref{Channel: to.Channel, ID: m.Timestamp}
		}
		return !found.Zero()
	})
	return found, err
}

// each reads rapbot's own messages of a time, the newest of a channel first and
// the oldest of a thread, until enough says so. A zero end is now.
func (a *Adapter) each(ctx context.Context, to rapbot.Place, from, end time.Time, enough func(sdk.Message) bool) error {
	me, err := a.whoAmI(ctx)
	if err != nil {
		return err
	}
	cursor := ""
	for range pagesRead {
		messages, next, err := a.page(ctx, to, from, end, cursor)
		if err != nil {
			return err
		}
		for _, m := range messages {
			if m.User == me.user && enough(m) {
				return nil
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return nil
}

// page reads a hundred messages of a channel or a thread.
func (a *Adapter) page(ctx context.Context, to rapbot.Place, from, end time.Time, cursor string) (messages []sdk.Message, next string, err error) {
	const many = 100
	oldest, latest := stamp(from), stamp(end)
	if to.Thread != "" {
		err = a.call(ctx, "conversations.replies", "", repeatable, func(ctx context.Context) (err error) {
			messages, _, next, err = a.api.GetConversationRepliesContext(ctx, &sdk.GetConversationRepliesParameters{
				ChannelID: to.Channel, Timestamp: to.Thread, Oldest: oldest, Latest: latest, Cursor: cursor, Limit: many, IncludeAllMetadata: true,
			})
			return err
		})
		return messages, next, err
	}
	err = a.call(ctx, "conversations.history", "", repeatable, func(ctx context.Context) error {
		h, err := a.api.GetConversationHistoryContext(ctx, &sdk.GetConversationHistoryParameters{
			ChannelID: to.Channel, Oldest: oldest, Latest: latest, Cursor: cursor, Limit: many, IncludeAllMetadata: true,
		})
		if err == nil {
			messages, next = h.Messages, h.ResponseMetaData.NextCursor
		}
		return err
	})
	return messages, next, err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.Unix(), 10)
}

var plainKey = regexp.MustCompile(`^[ -~]{1,100}$`)

// keyOf is the key as metadata can carry it.
func keyOf(key string) string {
	if key == "" {
		return random()
	}
	if plainKey.MatchString(key) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// told is a failed call in words for people; the log gets what they do not.
func (a *Adapter) told(method string, err error, changed string) error {
	if err == nil {
		return nil
	}
	a.log.Warn("call failed", zap.String("method", method), zap.Error(scrub(err)), zap.String("details", details(err)))
	return trouble(method, err, changed)
}
