package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/rap-analyzer/rapbot/alert"
)

// Note implements rapbot.Notes.
func (j *Journal) Note(_ context.Context, name string) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.notes[name], nil
}

// PutNote implements rapbot.Notes.
func (j *Journal) PutNote(_ context.Context, name, text string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.notes == nil {
		j.notes = map[string]string{}
	}
	j.notes[name] = text
	return nil
}

// Unsettled implements alert.Inbox.
func (j *Journal) Unsettled(context.Context) ([]alert.Group, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []alert.Group
	for _, kept := range j.groups {
		g, err := kept.decode()
		if err != nil {
			return nil, err
		}
		if g.Latest.Status == "firing" || g.Held != nil {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b alert.Group) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}
