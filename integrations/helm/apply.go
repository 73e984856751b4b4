package helm

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
	"helm.sh/helm/v4/pkg/action"
	release "helm.sh/helm/v4/pkg/release/v1"

	"github.com/rap-analyzer/rapbot"
)

// Apply implements rapbot.Releases. It goes on to its end when ctx is cancelled,
// and ends within Config.ApplyTimeout. When a change that was found valid is
// refused on the way, after all, the code is Precondition, and the error says
// what was changed.
func (h *Helm) Apply(ctx context.Context, change rapbot.Change) (rapbot.Release, error) {
	return h.act(ctx, change.Region, change.Part, func(c *call) (rapbot.Release, error) {
		history, err := c.history()
		if err != nil {
			return rapbot.Release{}, err
		}
		mended, history, err := c.mend(history)
		if err != nil {
			return rapbot.Release{}, err
		}
		r, err := c.apply(history, change.Set, mended)
		return r, also(err, mended)
	})
}

func (c *call) apply(history []*release.Release, sets []string, mended string) (rapbot.Release, error) {
	if _, _, err := c.judge(history, sets); err != nil {
		return rapbot.Release{}, err
	}
	d, err := c.draft(base(history), sets)
	if err != nil {
		return rapbot.Release{}, err
	}
	// Helm would record a failure in one goroutine while it applies in another, if
	// its context ended. Its requests end with ours.
	next, err := c.run(context.WithoutCancel(c.ctx), history, d, action.DryRunNone, done(history, mended))
	if err != nil {
		return rapbot.Release{}, c.broke(err, next, c.doing())
	}
	return c.tell(next), nil
}

// done is the description of a revision that is to be, as Helm's own when it is
// empty.
func done(history []*release.Release, mended string) string {
	switch {
	case mended == "":
		return ""
	case absent(history):
		return "Install complete. " + mended
	}
	return "Upgrade complete. " + mended
}

// act runs what changes a release, one at a time, to its end. Its error of code
// Unavailable may say that Helm is still at it: that happens when something
// hangs that is no request, and the release stays reserved until it ends.
func (h *Helm) act(ctx context.Context, region string, part rapbot.Part, do func(*call) (rapbot.Release, error)) (rapbot.Release, error) {
	s, err := h.site(region, part)
	if err != nil {
		return rapbot.Release{}, err
	}
	if err := s.reserve(ctx, h.cfg.ApplyTimeout); err != nil {
		return rapbot.Release{}, err
	}
	type outcome struct {
		release rapbot.Release
		err     error
	}
	ended := make(chan outcome, 1)
	go func() {
		defer func() { <-s.busy }()
		work, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.cfg.ApplyTimeout)
		defer cancel()
		r, err := h.guarded(work, s, do)
		ended <- outcome{r, err}
	}()
	patience := time.NewTimer(h.cfg.ApplyTimeout + h.grace)
	defer patience.Stop()
	select {
	case o := <-ended:
		return o.release, o.err
	case <-patience.C:
		return rapbot.Release{}, &rapbot.Error{
			Code: rapbot.Unavailable, What: fmt.Sprintf("Helm is still at %s in %s, longer than %s.", s.Release, s.region, rapbot.Duration(h.cfg.ApplyTimeout)),
			Changed: "What it has changed is not known.", Now: "Look at the release before you do anything else with it.",
		}
	}
}

// guarded turns a panic, of a chart's template for example, into an error.
func (h *Helm) guarded(ctx context.Context, s *site, do func(*call) (rapbot.Release, error)) (r rapbot.Release, err error) {
	defer func() {
		if p := recover(); p != nil {
			h.cfg.Log.Error("helm panics", zap.String("region", s.region), zap.String("release", s.Release), zap.ByteString("stack", debug.Stack()))
			err = &rapbot.Error{
				Code: rapbot.Internal, What: fmt.Sprintf("Helm broke while it was at %s in %s.", s.Release, s.region),
				Changed: "What it has changed is not known.", Now: "Look at the release before you do anything else with it.",
			}
		}
	}()
	c, err := h.open(ctx, s, h.cfg.ApplyTimeout)
	if err != nil {
		return rapbot.Release{}, err
	}
	c.reserved = true
	return do(c)
}

func (s *site) reserve(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case s.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
	case <-timer.C:
	}
	return s.changing()
}

func (s *site) changing() error {
	return rapbot.Refuse(rapbot.Conflict, fmt.Sprintf("rapbot itself is changing %s in %s.", s.Release, s.region), "Try again when it has ended.")
}

// broke tells of a change that did not come to its end. So far may be nil when
// Helm has not said how far it came.
func (c *call) broke(err error, soFar *release.Release, doing string) error {
	var ours *rapbot.Error
	if errors.As(err, &ours) {
		return ours
	}
	changed := "Some of its objects may have been changed."
	if soFar != nil && soFar.Info != nil {
		changed = fmt.Sprintf("Revision %d is %s, and some of its objects may have been changed.", soFar.Version, soFar.Info.Status)
	}
	e := &rapbot.Error{
		Code: rapbot.Precondition, What: fmt.Sprintf("%s was refused on the way: %s.", doing, c.words(err)), Changed: changed,
		Now: "Roll back to the revision before, or correct what is in its way and try again.", Err: c.cause(err),
	}
	if c.silent(err) || overloaded(err) {
		e.Code, e.What = rapbot.Unavailable, c.silence()
		e.Now = "See whether the region is up. Then try again: what was left half done is put right first."
	}
	return e
}

// also adds to an error what had been changed before.
func also(err error, mended string) error {
	var ours *rapbot.Error
	if mended == "" || !errors.As(err, &ours) {
		return err
	}
	told := *ours
	told.Changed = mended + ". " + told.Changed
	return &told
}
