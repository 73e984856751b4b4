package ledger

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// EncodeRecord returns the kept form of a record.
func EncodeRecord(r rapbot.Record) ([]byte, error) {
	r.At, r.Expires = r.At.UTC(), r.Expires.UTC()
	if r.Plan != nil {
		p := *r.Plan
		p.MadeAt = p.MadeAt.UTC()
		r.Plan = &p
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode record %d: %w", r.Seq, err)
	}
	return b, nil
}

// DecodeRecord returns the record of a kept form.
func DecodeRecord(b []byte) (rapbot.Record, error) {
	var r rapbot.Record
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("decode record: %w", err)
	}
	return r, nil
}

// EncodeDelivery returns the kept form of a delivery, without its number.
func EncodeDelivery(d alert.Delivery) ([]byte, error) {
	d = deliveryInUTC(d)
	d.ID = 0
	b, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode delivery: %w", err)
	}
	return b, nil
}

// DecodeDelivery returns the delivery of a kept form, with its number.
func DecodeDelivery(id int64, b []byte) (alert.Delivery, error) {
	var d alert.Delivery
	if err := json.Unmarshal(b, &d); err != nil {
		return d, fmt.Errorf("decode delivery %d: %w", id, err)
	}
	d.ID = id
	return d, nil
}

// EncodeGroup returns the kept form of a group. Where its card stands and what
// its thread was told are kept beside it, because they change by themselves.
func EncodeGroup(g alert.Group) ([]byte, error) {
	g.Latest, g.Firing = deliveryInUTC(g.Latest), alertsInUTC(g.Firing)
	g.FirstSeen, g.ChangedAt = g.FirstSeen.UTC(), g.ChangedAt.UTC()
	g.Since = g.Since.UTC()
	if g.Held != nil {
		held := deliveryInUTC(*g.Held)
		g.Held = &held
	}
	g.Card, g.Told = rapbot.Ref{}, ""
	b, err := json.Marshal(g)
	if err != nil {
		return nil, fmt.Errorf("encode alert group: %w", err)
	}
	return b, nil
}

// DecodeGroup returns the group of a kept form, with what is kept beside it.
func DecodeGroup(b []byte, card rapbot.Ref, told string) (alert.Group, error) {
	var g alert.Group
	if err := json.Unmarshal(b, &g); err != nil {
		return g, fmt.Errorf("decode alert group: %w", err)
	}
	g.Card, g.Told = card, told
	return g, nil
}

// EncodeDigest returns the kept form of a digest.
func EncodeDigest(d alert.Digest) ([]byte, error) {
	d.Began, d.Ended, d.Missed = d.Began.UTC(), d.Ended.UTC(), slices.Clone(d.Missed)
	for i := range d.Missed {
		d.Missed[i].From, d.Missed[i].To = d.Missed[i].From.UTC(), d.Missed[i].To.UTC()
	}
	b, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode digest: %w", err)
	}
	return b, nil
}

// DecodeDigest returns the digest of a kept form.
func DecodeDigest(b []byte) (alert.Digest, error) {
	var d alert.Digest
	if err := json.Unmarshal(b, &d); err != nil {
		return d, fmt.Errorf("decode digest: %w", err)
	}
	return d, nil
}

// FirstSeenFirst puts groups in the order in which they were first seen.
func FirstSeenFirst(groups []alert.Group) {
	slices.SortFunc(groups, func(a, b alert.Group) int {
		return cmp.Or(a.FirstSeen.Compare(b.FirstSeen), cmp.Compare(a.ID, b.ID))
	})
}

func deliveryInUTC(d alert.Delivery) alert.Delivery {
	d.ReceivedAt, d.Alerts = d.ReceivedAt.UTC(), alertsInUTC(d.Alerts)
	return d
}

func alertsInUTC(alerts []alert.Alert) []alert.Alert {
	alerts = slices.Clone(alerts)
	for i := range alerts {
		a := &alerts[i]
		a.StartsAt, a.EndsAt = a.StartsAt.UTC(), a.EndsAt.UTC()
	}
	return alerts
}

// After is the time at which a group changed, later than the change before it
// even when the clock stood still or went back: a group is recognised as not
// shown by that time alone.
func After(before, now time.Time) time.Time {
	if now.After(before) {
		return now
	}
	return before.Add(time.Nanosecond)
}
