package journaltest

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/alert"
)

var digestPromises = []promise[alert.Inbox]{
	{"KeepDigest/takes the place of the channel's one before, every field of it", keepsTheNewestDigest},
	{"Digests/one for each channel, sorted", oneDigestAChannel},
}

func aDigest(channel string, number int) alert.Digest {
	return alert.Digest{
		Channel: channel, Number: number, Began: noon, Ended: noon.Add(time.Minute), Card: aCard,
		Groups: map[string]int{"a\x00group": 3, "b": 1},
		Missed: []alert.GroupBrief{{ID: "b", Name: "Lag", Regions: "us-west-2", Severity: "page", Rank: 1, Alerts: 1, From: noon, To: noon.Add(time.Second)}},
	}
}

func keepsTheNewestDigest(t *testing.T, j alert.Inbox) {
	same(t, must[[]alert.Digest](t)(j.Digests(t.Context())), []alert.Digest(nil))
	zone := time.FixedZone("UTC+2", 2*3600)
	first := aDigest("C1", 1)
	first.Began, first.Missed[0].From = first.Began.In(zone), first.Missed[0].From.In(zone)
	succeed(t, j.KeepDigest(t.Context(), first))
	same(t, must[[]alert.Digest](t)(j.Digests(t.Context())), []alert.Digest{aDigest("C1", 1)})
	if first.Missed[0].From.Location() != zone {
		t.Error("the caller's own groups were changed")
	}
	second := alert.Digest{Channel: "C1", Number: 2, Began: noon}
	succeed(t, j.KeepDigest(t.Context(), second))
	same(t, must[[]alert.Digest](t)(j.Digests(t.Context())), []alert.Digest{second})
}

func oneDigestAChannel(t *testing.T, j alert.Inbox) {
	for _, c := range []string{"C3", "C1", "C2"} {
		succeed(t, j.KeepDigest(t.Context(), aDigest(c, 1)))
	}
	same(t, must[[]alert.Digest](t)(j.Digests(t.Context())), []alert.Digest{aDigest("C1", 1), aDigest("C2", 1), aDigest("C3", 1)})
}
