package bot

import (
	"context"
	"sync"

	"github.com/rap-analyzer/rapbot"
)

// book is the journal as one process under one term uses it: it numbers and
// dates records, and tells who waits when something was written.
type book struct {
	journal rapbot.Operations
	clock   Clock

	mu      sync.Mutex // one writer at a time, so that numbers follow each other
	term    rapbot.Term
	recent  map[string]rapbot.Operation // open ones, and ended ones not yet fully told
	changed chan struct{}               // closed and replaced at every change
}

func newBook(journal rapbot.Operations, clock Clock) *book {
	return &book{journal: journal, clock: clock, recent: map[string]rapbot.Operation{}, changed: make(chan struct{})}
}

// open takes the lease and reads what an earlier process left.
func (b *book) open(ctx context.Context, holder string) error {
	term, err := b.journal.Acquire(ctx, holder)
	if err != nil {
		return err
	}
	latest, err := b.journal.History(ctx, 5)
	if err != nil {
		return err
	}
	open, err := b.journal.Open(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.term = term
	for _, o := range append(latest, open...) {
		if !settled(o) {
			b.recent[o.ID] = o
		}
	}
	return nil
}

// propose begins an operation.
func (b *book) propose(ctx context.Context, first rapbot.Record) (rapbot.Operation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first.Seq, first.At = 1, b.clock.Now().UTC()
	o, err := b.journal.Propose(ctx, b.term, first)
	if err != nil {
		return o, err
	}
	b.put(o)
	return o, nil
}

// write appends the records that decide returns for the operation as it
// stands. Decide runs under the lock, so what it judged is what is written
// upon; its error is returned and nothing is written.
func (b *book) write(ctx context.Context, id string, decide func(rapbot.Operation) ([]rapbot.Record, error)) (rapbot.Operation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.recent[id]
	if !ok {
		var err error
		if o, err = b.journal.Operation(ctx, id); err != nil {
			return o, err
		}
	}
	records, err := decide(o)
	if err != nil || len(records) == 0 {
		return o, err
	}
	for i := range records {
		records[i].Seq, records[i].At = o.Seq()+1+i, b.clock.Now().UTC()
	}
	next, err := b.journal.Append(ctx, b.term, id, records...)
	if err != nil {
		return o, err
	}
	b.put(next)
	return next, nil
}

// record appends records whatever the operation's state; the transition table
// has the last word.
func (b *book) record(ctx context.Context, id string, records ...rapbot.Record) (rapbot.Operation, error) {
	return b.write(ctx, id, func(rapbot.Operation) ([]rapbot.Record, error) { return records, nil })
}

func (b *book) put(o rapbot.Operation) {
	b.recent[o.ID] = o
	close(b.changed)
	b.changed = make(chan struct{})
}

// forget drops an ended operation from memory.
func (b *book) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.recent, id)
}

// get returns one operation as it stands.
func (b *book) get(ctx context.Context, id string) (rapbot.Operation, error) {
	b.mu.Lock()
	o, ok := b.recent[id]
	b.mu.Unlock()
	if ok {
		return o, nil
	}
	return b.journal.Operation(ctx, id)
}

// all returns the operations in memory, by number.
func (b *book) all() []rapbot.Operation {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]rapbot.Operation, 0, len(b.recent))
	for _, o := range b.recent {
		out = append(out, o)
	}
	sortByID(out)
	return out
}

// changes returns a channel that is closed at the next change.
func (b *book) changes() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}
