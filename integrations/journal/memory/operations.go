package memory

import (
	"context"
	"strconv"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

// Acquire begins a new term. Nobody else can hold the lease of this process's
// memory, so it never conflicts.
func (j *Journal) Acquire(_ context.Context, _ string) (rapbot.Term, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.term++
	return j.term, nil
}

// Propose implements rapbot.Operations.
func (j *Journal) Propose(_ context.Context, term rapbot.Term, first rapbot.Record) (rapbot.Operation, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ledger.CheckTerm(term, j.term); err != nil {
		return rapbot.Operation{}, err
	}
	if j.open > 0 {
		other, err := j.rebuild(j.open)
		if err != nil {
			return rapbot.Operation{}, err
		}
		return rapbot.Operation{}, ledger.AnotherOpen(other)
	}
	n := len(j.operations) + 1
	o, kept, err := ledger.Begin(strconv.Itoa(n), first)
	if err != nil {
		return rapbot.Operation{}, err
	}
	j.operations = append(j.operations, [][]byte{kept})
	j.open = n
	return o, nil
}

// Append implements rapbot.Operations.
func (j *Journal) Append(_ context.Context, term rapbot.Term, id string, records ...rapbot.Record) (rapbot.Operation, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ledger.CheckTerm(term, j.term); err != nil {
		return rapbot.Operation{}, err
	}
	n, o, err := j.find(id)
	if err != nil {
		return rapbot.Operation{}, err
	}
	next, kept, err := ledger.Extend(o, records)
	if err != nil {
		return rapbot.Operation{}, err
	}
	j.operations[n-1] = append(j.operations[n-1], kept...)
	if next.State.Final() && j.open == n {
		j.open = 0
	}
	return next, nil
}

// Operation implements rapbot.Operations.
func (j *Journal) Operation(_ context.Context, id string) (rapbot.Operation, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, o, err := j.find(id)
	return o, err
}

// Open implements rapbot.Operations.
func (j *Journal) Open(_ context.Context) ([]rapbot.Operation, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.open == 0 {
		return nil, nil
	}
	o, err := j.rebuild(j.open)
	if err != nil {
		return nil, err
	}
	return []rapbot.Operation{o}, nil
}

// History implements rapbot.Operations.
func (j *Journal) History(_ context.Context, limit int) ([]rapbot.Operation, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []rapbot.Operation
	for n := len(j.operations); n > 0 && len(out) < limit; n-- {
		o, err := j.rebuild(n)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (j *Journal) find(id string) (int, rapbot.Operation, error) {
	n, err := strconv.Atoi(id)
	if err != nil || n < 1 || n > len(j.operations) || strconv.Itoa(n) != id {
		return 0, rapbot.Operation{}, ledger.NoOperation(id)
	}
	o, err := j.rebuild(n)
	return n, o, err
}

func (j *Journal) rebuild(n int) (rapbot.Operation, error) {
	return ledger.Rebuild(strconv.Itoa(n), j.operations[n-1])
}
