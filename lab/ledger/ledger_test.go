package ledger

import (
	"strings"
	"testing"
)

// Half a line is left for the next look; what is no line of ours is an error.
func TestRead(t *testing.T) {
	const whole = "us-east-1-A 1 2026-03-02T03:04:05.5Z\nus-east-1-A 2 2026-03-02T03:04:05.6Z\n"
	rows, n, err := Read(strings.NewReader(whole + "us-east-1-A 3 2026-03"))
	if err != nil || n != int64(len(whole)) || len(rows) != 2 || rows[1].Key() != "us-east-1-A 2" || rows[1].At.Nanosecond() != 600_000_000 {
		t.Errorf("%+v, %d bytes, %v", rows, n, err)
	}
	for _, wrong := range []string{"\n", "us-east-1-A two 2026-03-02T03:04:05Z\n", "us-east-1-A 2 yesterday\n"} {
		if rows, n, err := Read(strings.NewReader(whole + wrong)); err == nil || n != int64(len(whole)) || len(rows) != 2 {
			t.Errorf("%q: %d rows, %d bytes, %v", wrong, len(rows), n, err)
		}
	}
}

func TestMissing(t *testing.T) {
	rows := []Row{{Writer: "a", Number: 1}, {Writer: "a", Number: 2}, {Writer: "b", Number: 1}}
	missing := Missing(rows, []string{"a 2", "c 9"})
	if len(missing) != 2 || missing[0].Key() != "a 1" || missing[1].Key() != "b 1" {
		t.Errorf("%+v", missing)
	}
}
