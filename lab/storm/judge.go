package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// outcome is what people saw of a storm in one channel.
type outcome struct {
	announced     int // groups with a message of their own
	listed        int // groups that resolved first and are named on the digest
	lost          []string
	twice         []string // messages said more than once
	stale         []string // groups whose newest word is not how it ended
	silent        []string // groups that resolved and nobody was told so
	messages      int
	replies       int
	digests       int
	firstCritical time.Duration // from the first critical alert to the first message about a critical group
	lastCritical  time.Duration // to when the last critical group had its message, from the beginning
	last          time.Duration // to when the last group had its message
}

var (
	ourTitle  = regexp.MustCompile(`^(Firing|Resolved): (Storm\d+) \((?:(\d+) of )?(\d+) alerts?\)`)
	anyName   = regexp.MustCompile(`Storm\d+`)
	peerTitle = regexp.MustCompile(`\[(FIRING|RESOLVED)[^\]]*\] (Storm\d+)`)
)

// seen is what was seen of one group.
type seen struct {
	first    time.Time
	cards    int
	resolved bool
	alerts   int
	toldOver bool
}

// judgeOurs looks at rapbot's channel. Listed are the groups that the digest lists.
func judgeOurs(s storm, begun time.Time, messages []workspace.Message, listed map[string]bool) outcome {
	var o outcome
	groups, keys := map[string]*seen{}, map[string]int{}
	threads := map[string]string{} // ts -> group
	for _, m := range messages {
		if m.Ephemeral || !m.Bot {
			continue
		}
		o.messages++
		if key := keyOf(m); key != "" {
			if keys[key]++; keys[key] == 2 {
				o.twice = append(o.twice, key)
			}
			if strings.HasPrefix(key, "alerts-digest-") && m.ThreadTS == "" {
				o.digests++
				continue
			}
		}
		title := ourTitle.FindStringSubmatch(m.Text)
		if m.ThreadTS != "" && m.ThreadTS != m.TS {
			o.replies++
			if g := groups[threads[m.ThreadTS]]; g != nil && title != nil && title[1] == "Resolved" {
				g.toldOver = true
			}
			continue
		}
		if title == nil {
			continue
		}
		g := groups[title[2]]
		if g == nil {
			g = &seen{first: at(m.TS)}
			groups[title[2]] = g
		}
		threads[m.TS] = title[2]
		g.cards++
		if g.cards == 2 {
			o.twice = append(o.twice, title[2])
		}
		g.resolved = title[1] == "Resolved"
		g.alerts, _ = strconv.Atoi(title[4])
	}
	o.count(s, begun, groups, listed)
	for _, g := range s.groups {
		w := groups[g.name]
		if w == nil {
			continue
		}
		if w.resolved != (g.resolves > 0) || w.alerts != g.alerts {
			o.stale = append(o.stale, g.name)
		}
		// A card that went up as resolved has told so by itself.
		if g.resolves > 0 && !w.toldOver && w.first.Before(begun.Add(g.resolves)) {
			o.silent = append(o.silent, g.name)
		}
	}
	return o
}

// judgePeer looks at the channel of Alertmanager's own slack_configs, which says each thing in a message of its own.
func judgePeer(s storm, begun time.Time, messages []workspace.Message) outcome {
	var o outcome
	groups := map[string]*seen{}
	for _, m := range messages {
		title := peerTitle.FindStringSubmatch(m.Text + string(m.Attachments))
		if !m.Bot || title == nil {
			continue
		}
		o.messages++
		g := groups[title[2]]
		if g == nil {
			g = &seen{first: at(m.TS)}
			groups[title[2]] = g
		}
		g.resolved = title[1] == "RESOLVED"
	}
	o.count(s, begun, groups, nil)
	for _, g := range s.groups {
		if w := groups[g.name]; w != nil && g.resolves > 0 && !w.resolved {
			o.silent = append(o.silent, g.name)
		}
	}
	return o
}

// count is what both have in common.
func (o *outcome) count(s storm, begun time.Time, groups map[string]*seen, listed map[string]bool) {
	critical := begun.Add(s.firstCritical())
	for _, g := range s.groups {
		w := groups[g.name]
		switch {
		case w != nil:
			o.announced++
		case listed[g.name]:
			o.listed++
			continue
		default:
			o.lost = append(o.lost, g.name)
			continue
		}
		o.last = max(o.last, w.first.Sub(begun))
		if g.severity == "critical" {
			o.lastCritical = max(o.lastCritical, w.first.Sub(begun))
			if took := w.first.Sub(critical); o.firstCritical == 0 || took < o.firstCritical {
				o.firstCritical = took
			}
		}
	}
}

// firstCritical is when the first alert of a critical group begins to fire.
func (s storm) firstCritical() time.Duration {
	for _, p := range s.pushes {
		if s.groups[p.group].severity == "critical" {
			return p.at
		}
	}
	return 0
}

func keyOf(m workspace.Message) string {
	var meta struct {
		Payload struct {
			Key string `json:"key"`
		} `json:"event_payload"`
	}
	if json.Unmarshal(m.Metadata, &meta) != nil {
		return ""
	}
	return meta.Payload.Key
}

// at is when a message was posted.
func at(ts string) time.Time {
	seconds, _ := strconv.ParseFloat(ts, 64)
	return time.UnixMicro(int64(seconds * 1e6))
}

// broken says in words what a storm must not do, empty when it was done well.
func (o outcome) broken() string {
	var all []string
	for _, kind := range []struct {
		words string
		names []string
	}{
		{"groups lost", o.lost},
		{"said twice", o.twice},
		{"cards that do not say how it ended", o.stale},
		{"groups that resolved and nobody was told", o.silent},
	} {
		if n := len(kind.names); n > 0 {
			all = append(all, fmt.Sprintf("%d %s (%s)", n, kind.words, strings.Join(kind.names[:min(n, 5)], ", ")))
		}
	}
	return strings.Join(all, "; ")
}
