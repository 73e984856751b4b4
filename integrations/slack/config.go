package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	sdk "github.com/slack-go/slack"
	"go.uber.org/zap"
)

// Config says which Slack, as whom, and who approves.
type Config struct {
	BotToken    string // xoxb-…
	AppToken    string // xapp-…, with the scope connections:write
	APIURL      string // Slack's own when empty
	Connections int    // Socket Mode connections, 2 when 0; Slack takes ten at the most
	HTTPClient  *http.Client

	ApproverUsers  []string // user IDs
	ApproverGroups []string // user group IDs

	// FirstTime reports whether a key has not been seen before, by any process,
	// and remembers it. Nil leaves it to the memory of this process.
	FirstTime func(ctx context.Context, key string) (bool, error)

	Log *zap.Logger

	Workers     int           // events handled at the same time, 8 when 0
	Queue       int           // events held, 256 when 0; a further one is refused in words
	Timeout     time.Duration // of one HTTP call, 10 s when 0
	UpdateEvery time.Duration // between two edits of one message, 3 s when 0
	Backoff     time.Duration // before the first repetition of a call, 500 ms when 0
	Grace       time.Duration // for events and edits under way when Run ends, 5 s when 0
}

const connectionsMax = 10

var groupID = regexp.MustCompile(`^S[A-Z0-9]+$`)

func (c Config) withDefaults() Config {
	set(&c.APIURL, sdk.APIURL)
	set(&c.Connections, 2)
	set(&c.Workers, 8)
	set(&c.Queue, 256)
	set(&c.Timeout, 10*time.Second)
	set(&c.UpdateEvery, 3*time.Second)
	set(&c.Backoff, 500*time.Millisecond)
	set(&c.Grace, 5*time.Second)
	set(&c.Log, zap.NewNop())
	if !strings.HasSuffix(c.APIURL, "/") {
		c.APIURL += "/"
	}
	return c
}

func set[T comparable](have *T, otherwise T) {
	var zero T
	if *have == zero {
		*have = otherwise
	}
}

// check lists everything that is wrong. No value that may be a secret is in it.
func (c Config) check() error {
	var errs []error
	wrong := func(path, format string, args ...any) {
		errs = append(errs, fmt.Errorf("slack.%s: %s", path, fmt.Sprintf(format, args...)))
	}
	if !strings.HasPrefix(c.BotToken, "xoxb-") {
		wrong("bot_token", "is no bot token; it begins with xoxb-")
	}
	if !strings.HasPrefix(c.AppToken, "xapp-") {
		wrong("app_token", "is no app-level token; it begins with xapp-")
	}
	if u, err := url.Parse(c.APIURL); err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		wrong("api_url", "is no address of an API; leave it out for Slack's own")
	}
	if c.Connections < 1 || c.Connections > connectionsMax {
		wrong("connections", "%d is not between 1 and %d", c.Connections, connectionsMax)
	}
	for _, id := range c.ApproverUsers {
		if !userID.MatchString(id) {
			wrong("approvers", "%q is no user ID, such as U07AB12CD3E; names can be changed by whoever bears them", bound(id, 40))
		}
	}
	for _, id := range c.ApproverGroups {
		if !groupID.MatchString(id) {
			wrong("approvers", "%q is no user group ID, such as S07AB12CD3E", bound(id, 40))
		}
	}
	return errors.Join(errs...)
}
