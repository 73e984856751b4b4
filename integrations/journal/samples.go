package journal

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

// Samples have a connection of their own, because what they need of a commit
// is less than what operations need.
//
// With synchronous=NORMAL a commit is handed to the operating system and not
// waited for. The death of the process loses nothing of it. A power cut loses
// what had not been written back by then: up to some 30 seconds on Linux, less
// when the writer committed in between. It appends to the same log and waits at
// each commit for all that was appended before it too, so no operation ever
// rests on something that is not on disk. Lost samples make the bound of a loss
// wider, not wrong: it starts from an older moment.
//
// On the writer's connection an operation would wait, now and then, for a sample
// to reach the disk. Here it waits for one to be appended, which takes a
// fraction of a millisecond, and then as long as SQLite sleeps before it tries
// again, which is a millisecond at first. With a hundred rounds a second, the
// slowest hundredth of the appends took 4 to 7 ms, as it does without any
// samples; on the writer's connection it took 14 ms.
//
// What is appended must be carried over into the file at times, and that does
// wait for the disk. This connection does it at half of the size at which the
// writer would, so that it is hardly ever an operation that pays for it.
const samplerOptions = "_busy_timeout=5000&_journal_mode=WAL&_synchronous=NORMAL&_foreign_keys=on&_txlock=immediate&_defensive=1&_dqs=0&_pragma=wal_autocheckpoint(500)"

// Samples that are too old go a few at a time: once a minute is enough, and a
// day's worth that was left behind by a rapbot that did not run would hold an
// operation up if it went at once.
const (
	pruneEvery = time.Minute
	pruneMost  = 1000
)

const (
	insertSample   = "INSERT INTO samples (at, region, role, timeline, position, replay, clock, heartbeat, took) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
	forgetSamples  = "DELETE FROM samples WHERE (at, region) IN (SELECT at, region FROM samples WHERE at < ? ORDER BY at LIMIT ?)"
	samplesInOrder = "SELECT at, region, role, timeline, position, replay, clock, heartbeat, took FROM samples WHERE at >= ? AND at < ? ORDER BY at, region"
)

// Keep implements rapbot.Samples.
func (j *Journal) Keep(ctx context.Context, samples ...rapbot.Sample) error {
	if len(samples) == 0 {
		return nil
	}
	rows, err := ledger.EncodeSamples(samples)
	if err != nil {
		return err
	}
	err = transact(ctx, j.sampler, func(ctx context.Context, tx *sql.Tx) error {
		for _, r := range rows {
			if _, err := tx.ExecContext(ctx, insertSample, r.At, r.Region, r.Role, r.Timeline, r.Position, r.Replay, r.Clock, r.Heartbeat, r.Took); err != nil {
				return fmt.Errorf("insert sample of %s: %w", r.Region, err)
			}
		}
		return j.prune(ctx, tx, samples[len(samples)-1].At)
	})
	if err != nil {
		return fmt.Errorf("keep samples: %w", err)
	}
	return nil
}

// prune forgets the oldest samples when it is time to. When more are left than
// go at once, the next round goes on with them. A clock that went back begins
// anew.
func (j *Journal) prune(ctx context.Context, tx *sql.Tx, now time.Time) error {
	if age := now.Sub(j.pruned); age >= 0 && age < pruneEvery {
		return nil
	}
	result, err := tx.ExecContext(ctx, forgetSamples, now.Add(-ledger.KeepSamples).UnixNano(), pruneMost)
	if err != nil {
		return fmt.Errorf("forget old samples: %w", err)
	}
	forgotten, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("count forgotten samples: %w", err)
	}
	if forgotten < pruneMost {
		j.pruned = now
	}
	return nil
}

// Since implements rapbot.Samples. A whole day of three regions is a quarter
// of a million samples, some 40 MB for as long as the caller holds them.
func (j *Journal) Since(ctx context.Context, from time.Time) ([]rapbot.Sample, error) {
	var out []rapbot.Sample
	err := j.each(ctx, ledger.Nanoseconds(from), math.MaxInt64, func(s rapbot.Sample) { out = append(out, s) })
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Each implements rapbot.Samples.
func (j *Journal) Each(ctx context.Context, from, to time.Time, take func(rapbot.Sample)) error {
	return j.each(ctx, ledger.Nanoseconds(from), ledger.Nanoseconds(to), take)
}

func (j *Journal) each(ctx context.Context, from, to int64, take func(rapbot.Sample)) error {
	rows, err := j.reader.QueryContext(ctx, samplesInOrder, from, to)
	if err != nil {
		return fmt.Errorf("read samples: %w", err)
	}
	defer rows.Close()
	names := map[string]string{} // the few names there are, each in memory once
	for rows.Next() {
		var r ledger.SampleRow
		var region, role sql.RawBytes
		if err := rows.Scan(&r.At, &region, &role, &r.Timeline, &r.Position, &r.Replay, &r.Clock, &r.Heartbeat, &r.Took); err != nil {
			return fmt.Errorf("read sample: %w", err)
		}
		r.Region, r.Role = once(names, region), once(names, role)
		take(r.Decode())
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read samples: %w", err)
	}
	return nil
}

func once(names map[string]string, name []byte) string {
	if known, ok := names[string(name)]; ok {
		return known
	}
	names[string(name)] = string(name)
	return names[string(name)]
}
