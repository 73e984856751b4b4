package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot/lab/wait"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// weather makes the storm come to pass and waits until rapbot has told it all, or for as long as that may take.
func (s *stage) weather(ctx context.Context, o options, say progress) (*report, error) {
	drawn := draw(o.seed, o.groups, o.alerts, o.over, o.resolve)
	r := &report{options: o}
	inStorm, end := context.WithCancel(ctx)
	defer end()
	g, inStorm := errgroup.WithContext(inStorm)
	begun := time.Now()
	var kills atomic.Int64
	g.Go(func() error { s.disturb(inStorm, o.seed, o.disturb); return nil })
	g.Go(func() error { return s.killer(inStorm, o.seed, o.kills, lasts(o), &kills) })
	g.Go(func() error { s.count429(inStorm, r); return nil })
	g.Go(func() error {
		if err := rage(inStorm, drawn, s.pusher(o), begun); err != nil {
			return err
		}
		r.pushed = time.Since(begun)
		say("all alerts are pushed")
		err := s.awaitTold(inStorm, o, drawn, begun, &kills, r, say)
		end()
		return err
	})
	err := g.Wait()
	if ctx.Err() != nil {
		return nil, errors.Join(err, ctx.Err())
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	r.kills = int(kills.Load())
	s.slack.ClearFaults()
	if err := s.bot.start(ctx); err != nil {
		return nil, err
	}
	listed, err := s.askForList(ctx)
	if err != nil {
		return nil, err
	}
	messages, err := s.slack.As("bob").Messages(nameOurs)
	if err != nil {
		return nil, err
	}
	r.ours = judgeOurs(drawn, begun, messages, listed)
	r.memory = s.bot.memory()
	r.taken, r.refused, r.percents = s.gauge.read(50, 99, 100)
	if s.alertmanager != "" {
		if messages, err = s.slack.As("bob").Messages(namePeer); err != nil {
			return nil, err
		}
		peer := judgePeer(drawn, begun, messages)
		r.peer = &peer
		if r.peerFailed, err = metric(ctx, s.alertmanager+"/metrics", `alertmanager_notifications_failed_total{integration="slack"}`); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// lasts is about how long it takes to tell the storm: a message a second.
func lasts(o options) time.Duration {
	return max(2*o.over, time.Duration(o.groups)*time.Second)
}

// awaitTold waits until every group is told and every kill is made. It gives up long after that should be so; what is missing is judged.
func (s *stage) awaitTold(ctx context.Context, o options, drawn storm, begun time.Time, kills *atomic.Int64, r *report, say progress) error {
	bounded, cancel := context.WithTimeout(ctx, 2*lasts(o)+time.Duration(o.kills)*10*time.Second+2*time.Minute)
	defer cancel()
	lastWord := time.Now()
	err := wait.Until(bounded, time.Second, func() bool {
		waiting, err := metric(bounded, s.bot.metrics, "rapbot_alert_groups_waiting")
		if err != nil {
			return false // it is dead at this moment
		}
		digests, err := metric(bounded, s.bot.metrics, "rapbot_alert_digests")
		if err != nil {
			return false
		}
		if time.Since(lastWord) > 30*time.Second {
			lastWord = time.Now()
			say("%.0f groups wait for a card, %d kills", waiting, kills.Load())
		}
		over := time.Since(begun) > 2*o.over+o.interval+o.wait
		switch {
		case waiting > 0 || digests > 0:
			r.drained = 0
		case over && r.drained == 0:
			r.drained = time.Since(begun)
		}
		if !over || waiting > 0 || digests > 0 || int(kills.Load()) < o.kills {
			return false
		}
		messages, err := s.slack.As("bob").Messages(nameOurs)
		now := judgeOurs(drawn, begun, messages, nil)
		if err != nil || len(now.stale) > 0 || len(now.silent) > 0 {
			return false
		}
		r.told = time.Since(begun)
		return true
	})
	if ctx.Err() == nil && err != nil {
		say("it is not all told: %v", err)
		return nil
	}
	return err
}

// count429 counts what Slack refuses of rapbot's messages.
func (s *stage) count429(ctx context.Context, r *report) {
	since := time.Now()
	_ = wait.Until(ctx, time.Second, func() bool {
		for _, c := range s.slack.Calls("chat.postMessage") {
			if c.At.After(since) {
				since = c.At
				if c.Status == http.StatusTooManyRequests && c.Params["channel"] == channelOurs {
					r.limited++
				}
			}
		}
		return false
	})
}

// askForList has a person read the list of what has no card, page by page, by the words that each page gives.
func (s *stage) askForList(ctx context.Context) (map[string]bool, error) {
	listed := map[string]bool{}
	words := "/rap waiting"
	for words != "" {
		m, err := s.ask(ctx, words)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(strings.ReplaceAll(string(m.Blocks), `\n`, "\n")) {
			if strings.Contains(line, "resolved, was") {
				for _, name := range anyName.FindAllString(line, -1) {
					listed[name] = true
				}
			}
		}
		_, next, more := strings.Cut(string(m.Blocks), "`/rap waiting ")
		words = ""
		if page, _, ends := strings.Cut(next, "`"); more && ends {
			words = "/rap waiting " + page
		}
	}
	return listed, nil
}

// ask types a command and returns the answer, which only who typed it sees.
func (s *stage) ask(ctx context.Context, words string) (workspace.Message, error) {
	bob := s.slack.As("bob")
	before, err := bob.Messages("rap-ops")
	if err != nil {
		return workspace.Message{}, err
	}
	if _, err := bob.Say("rap-ops", words, ""); err != nil {
		return workspace.Message{}, err
	}
	var answer workspace.Message
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = wait.Until(ctx, 20*time.Millisecond, func() bool {
		now, err := bob.Messages("rap-ops")
		at := slices.IndexFunc(now, func(m workspace.Message) bool {
			return m.Ephemeral && !slices.ContainsFunc(before, func(b workspace.Message) bool { return b.TS == m.TS })
		})
		if err == nil && at >= 0 {
			answer = now[at]
		}
		return err == nil && at >= 0
	})
	if err != nil {
		return answer, fmt.Errorf("nobody answers %s: %w", words, err)
	}
	return answer, nil
}
