package ledger

import (
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// SampleRow is the kept form of a sample. There are too many of them for JSON:
// positions and times are whole numbers, 0 for what is not known.
type SampleRow struct {
	At               int64 // nanoseconds since 1970, UTC; so are all times here
	Region, Role     string
	Timeline         int64
	Position, Replay int64
	Clock, Heartbeat int64
	Took             int64
}

// EncodeSamples returns the kept form of samples, of all of them or of none.
// One without a time could neither be found nor forgotten.
func EncodeSamples(samples []rapbot.Sample) ([]SampleRow, error) {
	rows := make([]SampleRow, len(samples))
	for i, s := range samples {
		if s.At.IsZero() {
			return nil, fmt.Errorf("encode sample of %s: it has no time", s.Region)
		}
		rows[i] = SampleRow{
			At: s.At.UnixNano(), Region: s.Region, Role: string(s.Role), Timeline: int64(s.Timeline),
			Position: int64(s.Position), Replay: int64(s.Replay), Clock: Nanoseconds(s.Clock), Heartbeat: Nanoseconds(s.Heartbeat), Took: int64(s.Took),
		}
	}
	return rows, nil
}

// Decode returns the sample of a kept form.
func (r SampleRow) Decode() rapbot.Sample {
	return rapbot.Sample{
		At: time.Unix(0, r.At).UTC(), Region: r.Region, Role: rapbot.Role(r.Role), Timeline: uint32(r.Timeline),
		Position: rapbot.LSN(r.Position), Replay: rapbot.LSN(r.Replay), Clock: moment(r.Clock), Heartbeat: moment(r.Heartbeat), Took: time.Duration(r.Took),
	}
}

// Nanoseconds is the kept form of a time.
func Nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func moment(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds).UTC()
}
