package rapbot_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

const (
	kib, mib = 1 << 10, 1 << 20
	end      = 64 * kib // what the bound adds for the end of the log
)

// loss is that of a failover to b.
func loss(t *testing.T, clues rapbot.Clues, s ...rapbot.Sighting) rapbot.Loss {
	t.Helper()
	return *failover(t, fleet(s...), "b", clues).Impact.Loss
}

// TestLoss reckons by hand. a wrote 1 KiB a second, so the time in which nobody
// saw it is reckoned at the least rate, 1 MiB a second.
func TestLoss(t *testing.T) {
	busy := known()
	busy.History = slices.Clone(busy.History)
	for i := range busy.History {
		busy.History[i].Position = written - rapbot.LSN(60-i)*4*mib
	}
	slow := known()
	slow.History = slices.Clone(slow.History)
	slow.History[60].Clock = slow.History[60].Clock.Add(-1500 * time.Millisecond) // it took that much longer to arrive
	bunched := rapbot.Clues{History: slices.Clone(busy.History[59:])}
	bunched.History[0].At = seenLast.Add(-1500 * time.Millisecond) // a second apart when they were asked
	glances := known()                                             // at the end three looks within two milliseconds, and a commit between them
	glances.History = slices.Clone(glances.History)
	for i := range 2 {
		s := glances.History[60]
		s.Clock, s.Position = s.Clock.Add(time.Duration(i-2)*time.Millisecond), s.Position-rapbot.LSN(2-i)*8*kib
		glances.History = slices.Insert(glances.History, 60+i, s)
	}
	far := known()
	far.History = slices.Clone(far.History)
	for i := range far.History {
		far.History[i].Took = time.Duration(68+i%5) * time.Millisecond
	}
	switched, flood, twice, torrent := known(), known(), known(), known()
	for at, clues := range map[rapbot.LSN]*rapbot.Clues{segment: &switched, segment + 5*mib + 29*kib: &flood, 2 * segment: &twice, 5*segment + 29*kib: &torrent} {
		clues.History = slices.Clone(clues.History)
		for i := range clues.History {
			clues.History[i].Position = written + mib + rapbot.LSN(i)*kib
			if i >= 30 { // it has jumped
				clues.History[i].Position = written + at + rapbot.LSN(i-30)*kib
			}
		}
	}
	looked := switched // and somebody looked besides, just after it had jumped
	besides := looked.History[30]
	besides.At, besides.Clock = besides.At.Add(-400*time.Millisecond), besides.Clock.Add(-400*time.Millisecond)
	looked.History = slices.Insert(slices.Clone(looked.History), 30, besides)
	old := known()
	old.History = old.History[:50] // ends 11 seconds before the last answer
	told := with(fed("b", written), func(s *rapbot.Server) {
		s.Receiver.LastMessage, s.Receiver.LatestEnd = noon.Add(-9*time.Second), written+3*kib
	})
	tests := []struct {
		name      string
		clues     rapbot.Clues
		sightings []rapbot.Sighting
		want      rapbot.Loss
	}{
		{
			"level when it was last seen, found dead two seconds later",
			known(),
			[]rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Bytes: 2*mib + end, Time: 3 * time.Second, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"the replica was behind",
			known(),
			[]rapbot.Sighting{gone("a", true), cut("b", written-5*kib), cut("c", 1)},
			rapbot.Loss{Bytes: 5*kib + 2*mib + end, Known: 5 * kib, Time: 3 * time.Second, From: written - 5*kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"the sibling has more, and hands it over",
			known(),
			[]rapbot.Sighting{gone("a", true), cut("b", 1), cut("c", written-5*kib)},
			rapbot.Loss{Bytes: 5*kib + 2*mib + end, Known: 5 * kib, Time: 3 * time.Second, From: written - 5*kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"what was received and not replayed may end in half a record",
			known(),
			[]rapbot.Sighting{gone("a", true), with(cut("b", written), func(s *rapbot.Server) { s.Replay = written - kib }), cut("c", 1)},
			rapbot.Loss{Bytes: kib + 2*mib + end, Known: kib, Time: 3 * time.Second, From: written - kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"it wrote faster, so it may have gone on twice as fast",
			busy,
			[]rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Bytes: 2*8*mib + end, Time: 3 * time.Second, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: 8 * mib},
		},
		{
			"the rate is of when it was asked, not of when the answers arrived",
			bunched,
			[]rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Bytes: 20*mib + end, Time: 3500 * time.Millisecond, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: 8 * mib},
		},
		{
			"a commit between two looks that are a millisecond apart is no flood",
			glances,
			[]rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Bytes: 2*mib + end, Time: 3 * time.Second, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"a segment was left unfilled: no flood, and it may have happened again",
			switched,
			[]rapbot.Sighting{forgotten("a", true), cut("b", written+segment+30*kib), cut("c", 1)},
			rapbot.Loss{Bytes: segment + 2*mib + end, Time: 3 * time.Second, From: written + segment + 30*kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"two segments were left unfilled, as by a base backup of a small server",
			twice,
			[]rapbot.Sighting{forgotten("a", true), cut("b", written+2*segment+30*kib), cut("c", 1)},
			rapbot.Loss{Bytes: 2*segment + 2*mib + end, Time: 3 * time.Second, From: written + 2*segment + 30*kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"somebody looked twice while a segment was left unfilled: it is one",
			looked,
			[]rapbot.Sighting{forgotten("a", true), cut("b", written+segment+30*kib), cut("c", 1)},
			rapbot.Loss{Bytes: segment + 2*mib + end, Time: 3 * time.Second, From: written + segment + 30*kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"a flood of five segments within a second, at rest at the start of one",
			torrent,
			[]rapbot.Sighting{forgotten("a", true), cut("b", written+5*segment+59*kib), cut("c", 1)},
			rapbot.Loss{Bytes: 2*2*79*mib + end, Time: 3 * time.Second, From: written + 5*segment + 59*kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: 2 * 79 * mib},
		},
		{
			"a flood that came to rest in the middle of a segment",
			flood,
			[]rapbot.Sighting{forgotten("a", true), cut("b", written+segment+5*mib+59*kib), cut("c", 1)},
			rapbot.Loss{Bytes: 2*40*mib + end, Time: 3 * time.Second, From: written + segment + 5*mib + 59*kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: 40 * mib},
		},
		{
			"its last message told of more than any sample",
			known(),
			[]rapbot.Sighting{gone("a", true), told, cut("c", 1)},
			rapbot.Loss{Bytes: 3*kib + 2*mib + end, Known: 3 * kib, Time: 3 * time.Second, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"the region is far away: even the fastest answer was on its way for a while",
			far,
			[]rapbot.Sighting{gone("a", false), cut("b", written), cut("c", written)},
			rapbot.Loss{Open: true, Bytes: 10*mib + 71303 + end, Time: 11*time.Second + 68*time.Millisecond, From: written, Seen: seenLast, Rate: mib},
		},
		{
			"silence: nobody knows when it died, or whether",
			known(),
			[]rapbot.Sighting{gone("a", false), cut("b", written), cut("c", written)},
			rapbot.Loss{Open: true, Bytes: 10*mib + end, Time: 11 * time.Second, From: written, Seen: seenLast, Rate: mib},
		},
		{
			"refused here, and seen alive there",
			known(),
			[]rapbot.Sighting{gone("a", true), cut("b", written), fed("c", written)},
			rapbot.Loss{Open: true, Bytes: 10*mib + end, Time: 11 * time.Second, From: written, Seen: seenLast, Rate: mib},
		},
		{
			"rapbot was restarted and has the samples alone",
			known(),
			[]rapbot.Sighting{forgotten("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Bytes: 2*mib + end, Time: 3 * time.Second, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"its last answer is newer than the samples",
			old,
			[]rapbot.Sighting{gone("a", true), cut("b", written-5*kib), cut("c", 1)},
			rapbot.Loss{Bytes: 5*kib + 2*mib + end, Known: 5 * kib, Time: 3 * time.Second, From: written - 5*kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"the last answer was slow, so what it told was old",
			slow,
			[]rapbot.Sighting{forgotten("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Bytes: 35*mib/10 + end, Time: 3 * time.Second, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"no samples, and rapbot was restarted",
			rapbot.Clues{},
			[]rapbot.Sighting{forgotten("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Unknown: true, From: written, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"one sample tells no rate",
			rapbot.Clues{History: known().History[60:]},
			[]rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Unknown: true, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"no heartbeat",
			known(),
			[]rapbot.Sighting{gone("a", true), with(cut("b", written), func(s *rapbot.Server) { s.Heartbeat = time.Time{} }), cut("c", 1)},
			rapbot.Loss{Unknown: true, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"no replica answers",
			known(),
			[]rapbot.Sighting{gone("a", true), forgotten("b", false), forgotten("c", false)},
			rapbot.Loss{Unknown: true, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"it answers: it is stopped, and the replicas get the rest first",
			known(),
			[]rapbot.Sighting{primaryAt("a", written+9*kib), cut("b", written), cut("c", written)},
			rapbot.Loss{Open: true, Bytes: 9*kib + end, Known: 9 * kib, From: written, Seen: noon},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := loss(t, tt.clues, tt.sightings...); got != tt.want {
				t.Errorf("have %+v\nwant %+v", figures(got), figures(tt.want))
			}
		})
	}
}

// figures is a loss without its words.
type figures rapbot.Loss

// A clock that is wrong on the primary, or on a replica, changes nothing.
func TestLossWithWrongClocks(t *testing.T) {
	want := loss(t, known(), gone("a", true), cut("b", written-kib), cut("c", written))
	for _, wrong := range []time.Duration{-24 * time.Hour, -time.Minute, time.Millisecond, time.Hour} {
		clues := known()
		for i := range clues.History {
			clues.History[i].Clock = clues.History[i].Clock.Add(wrong)
		}
		a, b, c := gone("a", true), cut("b", written-kib), cut("c", written)
		a.Server.Clock = a.Server.Clock.Add(wrong)
		for _, replica := range []*rapbot.Sighting{&b, &c} {
			replica.Server.Heartbeat = replica.Server.Heartbeat.Add(wrong) // written by the primary
			replica.Server.Clock = replica.Server.Clock.Add(-wrong)
		}
		if got := loss(t, clues, a, b, c); got != want {
			t.Errorf("off by %s: have %+v\nwant %+v", wrong, figures(got), figures(want))
		}
		if got := loss(t, clues, forgotten("a", true), b, c); got != want {
			t.Errorf("off by %s, after a restart: have %+v\nwant %+v", wrong, figures(got), figures(want))
		}
	}
}

func TestLossInWords(t *testing.T) {
	tests := map[string]rapbot.Loss{
		"at the most 1.5 KiB of WAL, written in its last 4 s":                                                   {Bytes: 1536, Time: 4 * time.Second},
		"at the most 1.5 KiB of WAL by now, written in its last 4 s; it grows until the old primary is fenced":  {Bytes: 1536, Time: 4 * time.Second, Open: true},
		"nobody can tell how much, because too little was seen of it":                                           {Unknown: true},
		"nobody can tell how much, because too little was seen of it; it grows until the old primary is fenced": {Unknown: true, Open: true},
	}
	for want, l := range tests {
		if got := l.String(); got != want {
			t.Errorf("have %q, want %q", got, want)
		}
	}
}

func TestWorseThan(t *testing.T) {
	bound := rapbot.Loss{Bytes: 1000, Time: time.Second}
	tests := []struct {
		name          string
		now, accepted rapbot.Loss
		want          bool
	}{
		{"the same", bound, bound, false},
		{"less", rapbot.Loss{Bytes: 999, Time: time.Millisecond}, bound, false},
		{"more bytes", rapbot.Loss{Bytes: 1001}, bound, true},
		{"more time", rapbot.Loss{Time: time.Second + 1}, bound, true},
		{"open where a bound was accepted", rapbot.Loss{Open: true}, bound, true},
		{"a bound where open was accepted", rapbot.Loss{Bytes: 1 << 40, Time: time.Hour}, rapbot.Loss{Open: true}, false},
		{"open where open was accepted", rapbot.Loss{Open: true, Bytes: 1 << 40}, rapbot.Loss{Open: true}, false},
		{"not known where a bound was accepted", rapbot.Loss{Unknown: true}, bound, true},
		{"not known where open was accepted", rapbot.Loss{Unknown: true, Open: true}, rapbot.Loss{Open: true}, true},
		{"a bound where not known was accepted", rapbot.Loss{Bytes: 1 << 40}, rapbot.Loss{Unknown: true}, false},
		{"open where not known was accepted", rapbot.Loss{Open: true}, rapbot.Loss{Unknown: true}, true},
		{"counted, more than was accepted", rapbot.Loss{Counted: true, Commits: 1, Bytes: 1001}, bound, true},
		{"counted, as many commits, of which one may be older", rapbot.Loss{Counted: true, Commits: 1, Bytes: 176, Time: 2 * time.Second}, rapbot.Loss{Counted: true, Commits: 1, Bytes: 176, Time: time.Second}, false},
		{"counted, one commit more", rapbot.Loss{Counted: true, Commits: 2, Bytes: 176}, rapbot.Loss{Counted: true, Commits: 1, Bytes: 176}, true},
		{"counted, in more bytes", rapbot.Loss{Counted: true, Commits: 1, Bytes: 177}, rapbot.Loss{Counted: true, Commits: 1, Bytes: 176}, true},
		{"counted, nothing, in more bytes", rapbot.Loss{Counted: true, Bytes: 1001}, bound, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.now.WorseThan(tt.accepted); got != tt.want {
				t.Errorf("worse: %t, want %t", got, tt.want)
			}
		})
	}
}

// A region that is found dead is sampled too: at this look nothing listened there.
func TestSamples(t *testing.T) {
	b := replicaAt("b", 500, noon.Add(-time.Second))
	b.Server.Replay = 400
	want := []rapbot.Sample{
		{At: noon, Region: "a", Role: rapbot.Primary, Timeline: 1, Position: 900, Clock: noon, Heartbeat: noon},
		{At: noon, Region: "b", Role: rapbot.Replica, Timeline: 1, Position: 500, Replay: 400, Clock: noon, Heartbeat: noon.Add(-time.Second)},
		{At: noon, Region: "c", Role: rapbot.Unknown},
	}
	if !want[2].Refused() || want[0].Refused() || want[1].Refused() {
		t.Error("a server that answered is found dead, or the other way round")
	}
	if got := fleet(primaryAt("a", 900), b, gone("c", true), darkAt("d")).Samples(); !slices.Equal(got, want) {
		t.Errorf("have %+v\nwant %+v", got, want)
	}
}
