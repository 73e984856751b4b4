package slack

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	sdk "github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot"
)

// What one event's response_url is good for
// (https://docs.slack.dev/interactivity/handling-user-interaction#message_responses).
const (
	answerUses = 5
	answerLife = 29 * time.Minute // of 30
)

const unanswered = "The answer could not be shown."

// Whisper says something that only one person sees: in the channel where both
// are in it, otherwise in their conversation with rapbot.
func (a *Adapter) Whisper(ctx context.Context, to rapbot.Place, user string, m rapbot.Message) error {
	if !userID.MatchString(user) {
		return rapbot.Refuse(rapbot.Invalid, "There is no such person.", "Name somebody by their Slack user ID.")
	}
	content := dress(m)
	if to.Channel != "" {
		options := content.say()
		if to.Thread != "" {
			options = append(options, sdk.MsgOptionTS(to.Thread))
		}
		err := a.call(ctx, "chat.postEphemeral", "", once, func(ctx context.Context) error {
			_, err := a.api.PostEphemeralContext(ctx, to.Channel, user, options...)
			return err
		})
		if !notTogether[refusal(err)] {
			return a.told("chat.postEphemeral", err, unanswered)
		}
	}
	_, err := a.post(ctx, rapbot.Place{Channel: user}, random(), content)
	return a.told("chat.postMessage", err, unanswered)
}

// notTogether are the refusals that mean that rapbot or the person is not in
// the channel.
var notTogether = map[string]bool{"user_not_in_channel": true, "not_in_channel": true, "channel_not_found": true, "is_archived": true}

// answer is how the person behind one event is answered. The event's own
// response_url works where rapbot is not a member, and lets a second answer to
// a command take the place of the first.
type answer struct {
	a        *Adapter
	user     string
	to       rapbot.Place
	url      string
	replaces bool // a command: replacing the original of a click would replace the card
	since    time.Time

	mu   sync.Mutex
	uses int
}

// reply answers in private.
func (r *answer) reply(ctx context.Context, m rapbot.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.url == "" || r.uses >= answerUses || time.Since(r.since) > answerLife {
		return r.a.Whisper(ctx, r.to, r.user, m)
	}
	text, blocks := Render(m)
	message := &sdk.WebhookMessage{
		ResponseType: sdk.ResponseTypeEphemeral, Text: text, Blocks: &sdk.Blocks{BlockSet: blocks},
		ThreadTimestamp: r.to.Thread, ReplaceOriginal: r.replaces && r.uses > 0,
	}
	danger := once
	if r.replaces {
		danger = repeatable // the repetition takes the place of what it repeats
	}
	err := r.a.call(ctx, "response_url", "", danger, func(ctx context.Context) error {
		r.uses++
		err := sdk.PostWebhookCustomHTTPContext(ctx, r.url, r.a.http, message)
		message.ReplaceOriginal = r.replaces
		return err
	})
	if fate, _ := judge(err); err != nil && fate == declined {
		r.url = "" // used up or expired, whatever was counted
		return r.a.Whisper(ctx, r.to, r.user, m)
	}
	return r.a.told("response_url", err, unanswered)
}

// answerURL is the response_url of a payload if it is Slack's, or of the host
// that the API was configured to be at.
func (a *Adapter) answerURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || s == "" {
		return ""
	}
	base, err := url.Parse(a.cfg.APIURL)
	if err == nil && u.Scheme == base.Scheme && u.Host == base.Host {
		return s
	}
	host := strings.ToLower(u.Hostname())
	for _, domain := range []string{".slack.com", ".slack-gov.com"} {
		if u.Scheme == "https" && strings.HasSuffix(host, domain) {
			return s
		}
	}
	return ""
}

// httpClient is the caller's client with a deadline, which never carries a
// token or a body on to where a redirect points.
func httpClient(given *http.Client, timeout time.Duration) *http.Client {
	c := http.Client{}
	if given != nil {
		c = *given
	}
	if c.Timeout == 0 || c.Timeout > timeout {
		c.Timeout = timeout
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}
