package ledger

import (
	"errors"
	"fmt"

	"github.com/rap-analyzer/rapbot"
)

// Begin makes operation id of its first record and returns it with the kept
// form of that record.
func Begin(id string, first rapbot.Record) (rapbot.Operation, []byte, error) {
	if first.Kind != rapbot.RecProposed || first.Seq != 1 {
		return rapbot.Operation{}, nil, rapbot.Refuse(rapbot.Internal, "An operation begins with a proposal as its record 1.", "")
	}
	o, kept, err := Extend(rapbot.Operation{ID: id}, []rapbot.Record{first})
	if err != nil {
		return rapbot.Operation{}, nil, err
	}
	return o, kept[0], nil
}

// Extend applies records to an operation, all or none, and returns it with the
// kept forms of the records.
func Extend(o rapbot.Operation, records []rapbot.Record) (rapbot.Operation, [][]byte, error) {
	next := o
	kept := make([][]byte, 0, len(records))
	for _, r := range records {
		b, err := EncodeRecord(r)
		if err != nil {
			return o, nil, err
		}
		if r, err = DecodeRecord(b); err != nil {
			return o, nil, err
		}
		if next, err = rapbot.Apply(next, r); err != nil {
			return o, nil, refused(o, err)
		}
		kept = append(kept, b)
	}
	return next, kept, nil
}

// Rebuild replays the kept forms of an operation's records.
func Rebuild(id string, kept [][]byte) (rapbot.Operation, error) {
	records := make([]rapbot.Record, 0, len(kept))
	for _, b := range kept {
		r, err := DecodeRecord(b)
		if err != nil {
			return rapbot.Operation{}, fmt.Errorf("operation %s: %w", id, err)
		}
		records = append(records, r)
	}
	return rapbot.Replay(id, records)
}

// refused adds to the transition table's sentence what stands and what to do.
func refused(o rapbot.Operation, err error) error {
	var e *rapbot.Error
	if !errors.As(err, &e) {
		return err
	}
	told := *e
	told.Changed = "Nothing was changed."
	told.Now = "Run /rap show " + o.ID + " to see where it stands."
	return &told
}
