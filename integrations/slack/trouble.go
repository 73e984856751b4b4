package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	sdk "github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot"
)

// scrubbed is an error as it may be logged. Its cause can be asked for its
// kind and never for its words (R10).
type scrubbed struct {
	words string
	cause error
}

func (e scrubbed) Error() string        { return e.words }
func (e scrubbed) Is(target error) bool { return errors.Is(e.cause, target) }

var (
	token   = regexp.MustCompile(`(?i)\bx(ox[a-z]?|app)(\.[a-z]+)?-[A-Za-z0-9-]+`)
	address = regexp.MustCompile(`(?i)\b(https?|wss?)://[^\s"']+`)
)

// scrub takes tokens and addresses out of an error: the address of a private
// answer or of a socket is as good as a token to whoever has it.
func scrub(err error) error {
	if err == nil {
		return nil
	}
	var already scrubbed
	if errors.As(err, &already) {
		return err
	}
	words := err.Error()
	var outer *url.Error
	if errors.As(err, &outer) {
		words = outer.Err.Error() // the rest is method and address
	}
	words = address.ReplaceAllString(token.ReplaceAllString(words, "[token]"), "[address]")
	return scrubbed{bound(line(words), 500), err}
}

// refusal is Slack's own name for what is wrong, empty when Slack named
// nothing.
func refusal(err error) string {
	var r sdk.SlackErrorResponse
	if errors.As(err, &r) {
		return r.Err
	}
	return ""
}

// trouble tells of a call that failed. Changed is the beat about what the call
// would have done.
func trouble(method string, err error, changed string) error {
	t := &rapbot.Error{Code: rapbot.Unavailable, Changed: changed, Now: "Try again in a moment.", Err: fmt.Errorf("%s: %w", method, scrub(err))}
	var limited *sdk.RateLimitedError
	var status sdk.StatusCodeError
	name := refusal(err)
	switch {
	case name != "":
		t.Code, t.What, t.Now = refused(method, name, err)
	case errors.As(err, &limited), errors.As(err, &status) && status.Code == http.StatusTooManyRequests:
		t.What = "Slack takes no more from rapbot for the moment (" + method + ")."
	case errors.As(err, &status):
		t.What = fmt.Sprintf("Slack answered %s with status %d.", method, status.Code)
	case errors.Is(err, context.Canceled):
		t.What = "rapbot stopped waiting for Slack's answer to " + method + "."
	default:
		t.What = "Slack gave no answer to " + method + "."
	}
	return t
}

// refused puts what Slack refuses into words.
func refused(method, name string, err error) (code rapbot.Code, what, now string) {
	what = fmt.Sprintf("Slack refused %s (%s).", method, name)
	switch name {
	case "not_in_channel", "channel_not_found", "is_archived", "user_not_in_channel":
		return rapbot.NotFound, what, "Invite rapbot to the channel, or name another one in its configuration."
	case "message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed":
		return rapbot.NotFound, what, "The message has been deleted or was not rapbot's; the journal has the operation."
	case "expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_expired":
		return rapbot.Expired, "The dialog could not be opened within Slack's three seconds.", "Ask for it again."
	case "file_uploads_disabled", "file_uploads_except_images_disabled", "file_type_not_allowed", "file_upload_size_restricted", "storage_limit_reached":
		return rapbot.Forbidden, what, "Ask whoever administers the workspace to let rapbot upload files."
	case "missing_scope":
		return rapbot.Unavailable, fmt.Sprintf("Slack refused %s: rapbot's token lacks the scope %s.", method, needed(err)), "Install the app again with rapbot's manifest."
	}
	if _, fatal := fatalNames[name]; fatal {
		return rapbot.Unavailable, what, "Ask whoever runs rapbot: Slack does not accept its token."
	}
	switch name {
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "rate_limited":
		return rapbot.Unavailable, what, "Try again in a moment."
	}
	return rapbot.Internal, what, "The log of rapbot has the details."
}

func needed(err error) string {
	var r sdk.SlackErrorResponse
	if errors.As(err, &r) && r.Needed != "" {
		return r.Needed
	}
	return "that it needs"
}

// details are what Slack says about blocks it refused.
func details(err error) string {
	var r sdk.SlackErrorResponse
	if errors.As(err, &r) {
		return bound(line(strings.Join(r.ResponseMetadata.Messages, "; ")), 500)
	}
	return ""
}

// fatalNames are refusals that no waiting mends, with what to do about them.
// slack-go ends on the first four and tries the others for ever.
var fatalNames = map[string]string{
	"invalid_auth":           "It does not exist or belongs to another workspace; issue it again under the app's settings",
	"not_authed":             "It is empty; set it in rapbot's configuration",
	"account_inactive":       "The app or the account that installed it was deactivated; install the app again",
	"token_revoked":          "It was revoked; install the app again, or issue a new token",
	"token_expired":          "It has expired; turn token rotation off for the app and install it again",
	"not_allowed_token_type": "It is of the wrong kind: the bot token begins with xoxb-, the app-level token with xapp-",
	"missing_scope":          "It lacks a scope: the app-level token needs connections:write, the bot token those of rapbot's manifest",
}

// fatal is the error that ends Run, nil for what waiting may mend.
func fatal(which string, err error) error {
	name := refusal(err)
	fix, is := fatalNames[name]
	if !is {
		return nil
	}
	return &rapbot.Error{
		Code: rapbot.Invalid, What: fmt.Sprintf("Slack does not accept the %s (%s).", which, name), Changed: "rapbot can neither hear nor say anything.",
		Now: fix + ".", Err: scrub(err),
	}
}

// nowhere is the error of an API that is not where it should be. It ends Run
// at the start only: later, a proxy may be what answers 404.
func nowhere(err error) error {
	var status sdk.StatusCodeError
	if !errors.As(err, &status) || status.Code != http.StatusNotFound {
		return nil
	}
	return &rapbot.Error{
		Code: rapbot.Invalid, What: "Slack's API is not where rapbot looks for it (status 404).", Changed: "rapbot can neither hear nor say anything.",
		Now: "Correct slack.api_url in its configuration, or leave it out.", Err: scrub(err),
	}
}
