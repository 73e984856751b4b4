package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

// delivery is one kept delivery.
type delivery struct {
	id       int64
	received time.Time
	absorbed bool
	kept     []byte
}

// group is one kept group, with what changes by itself.
type group struct {
	kept      []byte
	changedAt time.Time
	shown     bool // shownAt counts
	shownAt   time.Time
	card      rapbot.Ref
	told      string
	explained int
}

func (g group) decode() (alert.Group, error) {
	return ledger.DecodeGroup(g.kept, g.card, g.told)
}

// Accept implements alert.Inbox.
func (j *Journal) Accept(_ context.Context, d alert.Delivery) (bool, error) {
	kept, err := ledger.EncodeDelivery(d)
	if err != nil {
		return false, err
	}
	id := alert.GroupID(d)

	j.mu.Lock()
	defer j.mu.Unlock()
	if key, known := j.newest[id]; known && key == d.Key {
		return false, nil
	}
	j.deliveries = slices.DeleteFunc(j.deliveries, func(old delivery) bool {
		return old.absorbed && old.received.Before(d.ReceivedAt.Add(-ledger.KeepDeliveries))
	})
	j.last++
	j.deliveries = append(j.deliveries, delivery{id: j.last, received: d.ReceivedAt, kept: kept})
	j.newest[id] = d.Key
	return true, nil
}

// Pending implements alert.Inbox.
func (j *Journal) Pending(_ context.Context, limit int) ([]alert.Delivery, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []alert.Delivery
	for _, d := range j.deliveries {
		if d.absorbed || len(out) >= limit {
			continue
		}
		decoded, err := ledger.DecodeDelivery(d.id, d.kept)
		if err != nil {
			return nil, err
		}
		out = append(out, decoded)
	}
	return out, nil
}

// Group implements alert.Inbox.
func (j *Journal) Group(_ context.Context, id string) (alert.Group, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	g, ok := j.groups[id]
	if !ok {
		return alert.Group{}, ledger.NoGroup()
	}
	return g.decode()
}

// Unshown implements alert.Inbox: the group that waits longest comes first.
func (j *Journal) Unshown(_ context.Context) ([]alert.Group, error) {
	out, err := j.where(func(g group, _ alert.Group) bool { return !g.shown || g.shownAt.Before(g.changedAt) })
	slices.SortFunc(out, func(a, b alert.Group) int {
		return cmp.Or(a.ChangedAt.Compare(b.ChangedAt), cmp.Compare(a.ID, b.ID))
	})
	return out, err
}

// Firing implements alert.Inbox.
func (j *Journal) Firing(context.Context) ([]alert.Group, error) {
	out, err := j.where(func(_ group, g alert.Group) bool { return g.Latest.Status == "firing" })
	ledger.FirstSeenFirst(out)
	return out, err
}

// OnCard implements alert.Inbox.
func (j *Journal) OnCard(_ context.Context, card rapbot.Ref) (alert.Group, error) {
	out, err := j.where(func(g group, _ alert.Group) bool { return !card.Zero() && g.card == card })
	if err != nil {
		return alert.Group{}, err
	}
	if len(out) == 0 {
		return alert.Group{}, ledger.NoGroup()
	}
	return out[0], nil
}

// where returns the groups of which is holds, in no order.
func (j *Journal) where(is func(group, alert.Group) bool) ([]alert.Group, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []alert.Group
	for _, g := range j.groups {
		decoded, err := g.decode()
		if err != nil {
			return nil, err
		}
		if is(g, decoded) {
			out = append(out, decoded)
		}
	}
	return out, nil
}

// Amend implements alert.Inbox.
func (j *Journal) Amend(_ context.Context, g alert.Group) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	row, known := j.groups[g.ID]
	switch {
	case !known:
		return ledger.NoGroup()
	case !row.changedAt.Equal(g.ChangedAt):
		return ledger.GroupMoved()
	}
	g.ChangedAt = ledger.After(row.changedAt, g.ChangedAt)
	kept, err := ledger.EncodeGroup(g)
	if err != nil {
		return err
	}
	row.kept, row.changedAt = kept, g.ChangedAt
	j.groups[g.ID] = row
	return nil
}

// Absorb implements alert.Inbox. Card and Told belong to Shown: they are
// taken from g only for a group that is new.
func (j *Journal) Absorb(_ context.Context, g alert.Group, numbers ...int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var absorbed []int
	for i, number := range numbers {
		at := slices.IndexFunc(j.deliveries, func(d delivery) bool { return d.id == number })
		if at < 0 {
			return ledger.NoDelivery(number)
		}
		if j.deliveries[at].absorbed || slices.Contains(numbers[:i], number) {
			return ledger.AbsorbedAlready(number)
		}
		absorbed = append(absorbed, at)
	}
	row, known := j.groups[g.ID]
	if known {
		g.ChangedAt = ledger.After(row.changedAt, g.ChangedAt)
	} else {
		row.card, row.told = g.Card, g.Told
	}
	kept, err := ledger.EncodeGroup(g)
	if err != nil {
		return err
	}
	row.kept, row.changedAt = kept, g.ChangedAt
	j.groups[g.ID] = row
	for _, at := range absorbed {
		j.deliveries[at].absorbed = true
	}
	return nil
}

// Shown implements alert.Inbox.
func (j *Journal) Shown(_ context.Context, id string, card rapbot.Ref, told string, changedAt time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	g, ok := j.groups[id]
	if !ok {
		return ledger.NoGroup()
	}
	g.card, g.told, g.shown, g.shownAt = card, told, true, changedAt
	j.groups[id] = g
	return nil
}

// Digests implements alert.Inbox.
func (j *Journal) Digests(_ context.Context) ([]alert.Digest, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []alert.Digest
	for _, channel := range slices.Sorted(maps.Keys(j.digests)) {
		d, err := ledger.DecodeDigest(j.digests[channel])
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// KeepDigest implements alert.Inbox.
func (j *Journal) KeepDigest(_ context.Context, d alert.Digest) error {
	kept, err := ledger.EncodeDigest(d)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.digests[d.Channel] = kept
	return nil
}

// Unexplained implements alert.Firings.
func (j *Journal) Unexplained(_ context.Context) ([]alert.Group, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []alert.Group
	for _, g := range j.groups {
		decoded, err := g.decode()
		if err != nil {
			return nil, err
		}
		if !decoded.Resolved() && !decoded.Card.Zero() && g.explained < decoded.Times {
			out = append(out, decoded)
		}
	}
	slices.SortFunc(out, func(a, b alert.Group) int {
		return cmp.Or(a.ChangedAt.Compare(b.ChangedAt), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// Explained implements alert.Firings.
func (j *Journal) Explained(_ context.Context, id string, times int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	g, ok := j.groups[id]
	if !ok {
		return ledger.NoGroup()
	}
	g.explained = max(g.explained, times)
	j.groups[id] = g
	return nil
}

// FirstTime implements alert.Inbox.
func (j *Journal) FirstTime(_ context.Context, key string, at time.Time) (bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for k, seen := range j.seen {
		if !seen.After(at.Add(-ledger.KeepKeys)) {
			delete(j.seen, k)
		}
	}
	if _, known := j.seen[key]; known {
		return false, nil
	}
	j.seen[key] = at
	return true, nil
}
