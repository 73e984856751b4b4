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

// lookBack is for how long after the start a post is looked for before it is
// made: a process that crashed may have made it without recording so.
const lookBack = 5 * time.Minute

// recent is how old the message may be that a key finds. A journal that was
// lost gives its keys out again, and an old card must not pass for a new one.
const recent = 15 * time.Minute

// pagesRead bounds how much of a thread is read, a hundred messages a page.
const pagesRead = 5

// Post says something in a channel or a thread. When the answer is lost, it
// looks for the key in what was said there before it says it again.
func (a *Adapter) Post(ctx context.Context, to rapbot.Place, key string, m rapbot.Message) (rapbot.Ref, error) {
	content := dress(m)
	key = keyOf(key)
	same := keyed(key)
	if ref := a.earlier(ctx, to, same); !ref.Zero() {
		return ref, nil
	}
	for n := 0; ; n++ {
		ref, err := a.post(ctx, to, key, content)
		var doubt doubtful
		if err == nil || !errors.As(err, &doubt) {
			return ref, a.told("chat.postMessage", err, "Nothing was posted.")
		}
		if err := sleep(ctx, backoff(n, a.cfg.Backoff, slowest)); err != nil {
			return ref, a.told("chat.postMessage", doubt, "It may or may not have been posted.")
		}
		if ref, err = a.find(ctx, to, same); err == nil && !ref.Zero() {
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

// earlier looks for what a process that crashed may have posted. The zero Ref
// means that there is nothing, or that Slack does not say.
func (a *Adapter) earlier(ctx context.Context, to rapbot.Place, same func(sdk.Message) bool) rapbot.Ref {
	if time.Since(a.started) >= lookBack {
		return rapbot.Ref{}
	}
	ref, err := a.find(ctx, to, same)
	if err != nil {
		a.log.Warn("look for an earlier post", zap.String("channel", to.Channel), zap.Error(scrub(err)))
	}
	return ref
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
func (a *Adapter) find(ctx context.Context, to rapbot.Place, same func(sdk.Message) bool) (rapbot.Ref, error) {
	me, err := a.whoAmI(ctx)
	if err != nil {
		return rapbot.Ref{}, err
	}
	cursor := ""
	for range pagesRead {
		messages, next, err := a.page(ctx, to, cursor)
		if err != nil {
			return rapbot.Ref{}, err
		}
		for _, m := range messages {
			if m.User == me.user && same(m) {
				return rapbot.Ref{Channel: to.Channel, ID: m.Timestamp}, nil
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return rapbot.Ref{}, nil
}

// page reads the newest hundred messages of a channel, or a hundred of a
// thread, which begins with its oldest.
func (a *Adapter) page(ctx context.Context, to rapbot.Place, cursor string) (messages []sdk.Message, next string, err error) {
	const many = 100
	oldest := strconv.FormatInt(time.Now().Add(-recent).Unix(), 10)
	if to.Thread != "" {
		err = a.call(ctx, "conversations.replies", "", repeatable, func(ctx context.Context) (err error) {
			messages, _, next, err = a.api.GetConversationRepliesContext(ctx, &sdk.GetConversationRepliesParameters{
				ChannelID: to.Channel, Timestamp: to.Thread, Oldest: oldest, Cursor: cursor, Limit: many, IncludeAllMetadata: true,
			})
			return err
		})
		return messages, next, err
	}
	err = a.call(ctx, "conversations.history", "", repeatable, func(ctx context.Context) error {
		h, err := a.api.GetConversationHistoryContext(ctx, &sdk.GetConversationHistoryParameters{
			ChannelID: to.Channel, Oldest: oldest, Limit: many, IncludeAllMetadata: true,
		})
		if err == nil {
			messages = h.Messages
		}
		return err
	})
	return messages, next, err
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
