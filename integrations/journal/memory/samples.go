package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

// Keep implements rapbot.Samples.
func (j *Journal) Keep(_ context.Context, samples ...rapbot.Sample) error {
	rows, err := ledger.EncodeSamples(samples)
	if err != nil {
		return err
	}

	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range rows {
		at, known := slices.BinarySearchFunc(j.samples, r, inOrder)
		if !known {
			j.samples = slices.Insert(j.samples, at, r)
		}
	}
	if len(rows) > 0 {
		old := ledger.SampleRow{At: rows[len(rows)-1].At - ledger.KeepSamples.Nanoseconds()}
		n, _ := slices.BinarySearchFunc(j.samples, old, inOrder)
		j.samples = slices.Delete(j.samples, 0, n)
	}
	return nil
}

// Since implements rapbot.Samples.
func (j *Journal) Since(_ context.Context, from time.Time) ([]rapbot.Sample, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []rapbot.Sample
	at, _ := slices.BinarySearchFunc(j.samples, ledger.SampleRow{At: ledger.Nanoseconds(from)}, inOrder)
	for _, r := range j.samples[at:] {
		out = append(out, r.Decode())
	}
	return out, nil
}

// Each implements rapbot.Samples. Take may call the journal.
func (j *Journal) Each(ctx context.Context, from, to time.Time, take func(rapbot.Sample)) error {
	samples, err := j.Since(ctx, from)
	for _, s := range samples {
		if s.At.Before(to) {
			take(s)
		}
	}
	return err
}

func inOrder(a, b ledger.SampleRow) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Region, b.Region))
}
