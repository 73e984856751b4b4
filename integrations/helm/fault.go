package helm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"helm.sh/helm/v4/pkg/storage/driver"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

// fault tells what an API server, or Helm, said before anything was changed.
// The doing is what was refused, for the code Invalid; empty for what only reads
// Helm's history, which is never the caller's fault.
func (c *call) fault(err error, doing string) error {
	var ours *rapbot.Error
	switch {
	case errors.As(err, &ours):
		return err
	case c.silent(err):
		return &rapbot.Error{
			Code: rapbot.Unavailable, What: c.silence(), Changed: "Nothing was changed.",
			Now: "See whether the region is up, then try again.", Err: c.cause(err),
		}
	case busyElsewhere(err):
		return &rapbot.Error{
			Code: rapbot.Conflict, What: fmt.Sprintf("Something else has just begun to change %s in %s.", c.Release, c.region),
			Changed: "Nothing was changed.", Now: "Look at what it made of it, then try again.", Err: c.cause(err),
		}
	case doing == "" || overloaded(err) && !mistyped(err):
		return &rapbot.Error{
			Code: rapbot.Unavailable, What: fmt.Sprintf("The API server of %s gives no usable answer: %s.", c.region, c.words(err)),
			Changed: "Nothing was changed.", Now: "See that rapbot may read Helm's releases there, then try again.", Err: c.cause(err),
		}
	}
	return &rapbot.Error{
		Code: rapbot.Invalid, What: fmt.Sprintf("%s is refused: %s.", doing, c.words(err)),
		Changed: "Nothing was changed.", Now: "Correct what was to be set, the values files or the chart, then try again.", Err: c.cause(err),
	}
}

// silent reports whether err says that no answer came. Helm does not always
// keep the cause of an error, so that the transport is asked as well.
func (c *call) silent(err error) bool {
	if c.ctx.Err() != nil {
		return true
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return false
	}
	var network net.Error
	return c.lost.Load() || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func (c *call) silence() string {
	switch {
	case errors.Is(c.ctx.Err(), context.DeadlineExceeded):
		return fmt.Sprintf("The API server of %s gave no answer in %s.", c.region, rapbot.Duration(c.limit))
	case c.ctx.Err() != nil:
		return fmt.Sprintf("The answer of the API server of %s is no longer waited for.", c.region)
	}
	return fmt.Sprintf("The API server of %s cannot be reached, or does not answer.", c.region)
}

// overloaded reports whether a server has answered, but has not looked at what
// it was asked.
func overloaded(err error) bool {
	return apierrors.IsTooManyRequests(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServerTimeout(err) || apierrors.IsInternalError(err) || apierrors.IsUnauthorized(err) || errors.Is(err, errTooLong)
}

// mistyped reports whether an object has a value of the wrong type, which the
// API server calls an internal error of its own.
func mistyped(err error) bool {
	return strings.Contains(err.Error(), "failed to create typed patch object")
}

// busyElsewhere reports whether Helm was begun by hand between our look at the
// history and our own revision. The first of its errors is not exported.
func busyElsewhere(err error) bool {
	return errors.Is(err, driver.ErrReleaseExists) || strings.Contains(err.Error(), "another operation (install/upgrade/rollback) is in progress")
}

// What an API server repeats of a value that it does not take, and a YAML
// parser of a line that it does not understand.
var (
	repeatedValue = regexp.MustCompile(`(?s)(\bgot |Invalid value: |Value:|cannot unmarshal ).*`)
	repeatedLine  = regexp.MustCompile("`[^`]*`")
)

// words are those of an error without secrets and bounded, as the end of a
// sentence. Of an object that is a Secret the value is left out that the API
// server repeats, whether it was met before or not.
func (c *call) words(err error) string {
	var parts []string
	for _, each := range joined(err) {
		text := repeatedLine.ReplaceAllString(each.Error(), "`…`")
		if strings.Contains(text, "Kind=Secret") || strings.Contains(text, "Secret ") {
			text = repeatedValue.ReplaceAllString(text, "${1}"+manifest.Hidden)
		}
		parts = append(parts, sentence(c.hide.Text(text)))
	}
	return manifest.Clip(strings.Join(parts, "; "), 900)
}

// joined takes apart what errors.Join has put together.
func joined(err error) []error {
	if many, is := err.(interface{ Unwrap() []error }); is && len(many.Unwrap()) > 0 && len(many.Unwrap()) <= 20 {
		var out []error
		for _, each := range many.Unwrap() {
			out = append(out, joined(each)...)
		}
		return out
	}
	return []error{err}
}

// cause is the error for the log: it too has no secrets.
func (c *call) cause(err error) error { return errors.New(c.words(err)) }

// sentence is a text on one line, without the full stop that follows it.
func sentence(s string) string {
	return strings.TrimRight(strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " "), ".")
}

func (c *call) notInstalled() error {
	return rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("%s is not installed in %s.", c.Release, c.region), "Install it first.")
}
