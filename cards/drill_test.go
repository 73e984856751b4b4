package cards

import (
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// What nobody tried has not failed: the pause between two legs is no time
// without a write, and an outage within a leg is.
func TestPauseBetweenLegsIsNoGap(t *testing.T) {
	at := time.Date(2026, 3, 2, 3, 4, 5, 0, time.UTC)
	var tries []rapbot.WriteTry
	try := func(after time.Duration, region string) {
		at = at.Add(after)
		tries = append(tries, rapbot.WriteTry{At: at, Took: 2 * time.Millisecond, Region: region})
	}
	try(0, "us-east-1")
	for range 4 {
		try(100*time.Millisecond, "")
	}
	try(100*time.Millisecond, "us-west-2")
	try(time.Minute, "us-west-2")
	try(time.Minute, "")
	try(100*time.Millisecond, "us-west-2")
	if got := writesIn(tries); !strings.HasSuffix(got, "longest time without one: 500 ms.") {
		t.Error(got)
	}
}
