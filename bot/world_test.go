package bot_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// world is a fleet in memory that behaves as PostgreSQL does where plays
// care: roles, timelines, positions, and who can be asked.
type world struct {
	looking   sync.Mutex // a bot that runs looks from several places
	meanwhile func()     // happens when an instance is asked
	clock     *fakeClock
	regions   []*fakeServer
	marker    map[string]bool // marker rows by key, replicated at once to whoever streams
	crash     string          // where the bot dies next: "during" or "after" a step kind
	broken    map[rapbot.StepKind]string
	undoBad   map[rapbot.StepKind]string
	when      map[rapbot.StepKind]string // what happens to the world right after a step's act
	calls     []string
	version   int       // of all servers, as server_version_num
	beat      time.Time // of the newest heartbeat, which needs a primary
	noGate    bool      // the lost primary has no boot gate
}

type fakeServer struct {
	name     string
	up       bool
	recovery bool
	readOnly bool
	timeline uint32
	lsn      rapbot.LSN
	behind   int64 // bytes
	late     time.Duration
	dead     bool // receiver not running
	frozen   bool // kept from receiving
	silent   bool // down or cut off: nothing answers, not even a refusal, nor does its instance
	own      int  // commits that only this server has
	sealed   bool // its data cannot be reached from outside, whether it runs or not
	last     time.Time
	said     rapbot.Server
	refused  time.Time // since when it has been found to be down
}

// crashed is what a dying bot panics with.
type crashed struct{}

func newWorld(clock *fakeClock, names []string) *world {
	w := &world{clock: clock, version: 150018, marker: map[string]bool{}, broken: map[rapbot.StepKind]string{}, undoBad: map[rapbot.StepKind]string{}, when: map[rapbot.StepKind]string{}}
	for i, n := range names {
		w.regions = append(w.regions, &fakeServer{name: n, up: true, recovery: i > 0, timeline: 1, lsn: 0x5000000})
	}
	return w
}

func (w *world) server(name string) *fakeServer {
	for _, r := range w.regions {
		if r.name == name {
			return r
		}
	}
	panic("no server " + name)
}

func (w *world) primary() *fakeServer {
	for _, r := range w.regions {
		if r.up && !r.recovery {
			return r
		}
	}
	return nil
}

func (w *world) Topology() rapbot.Topology { return w.Observe(context.Background()) }
func (w *world) Observe(context.Context) rapbot.Topology {
	w.looking.Lock()
	defer w.looking.Unlock()
	now := w.clock.Now()
	var sightings []rapbot.Sighting
	for _, r := range w.regions {
		s := rapbot.Sighting{Region: r.name, At: now, Answered: r.up, LastAnswer: r.last}
		if r.up {
			r.last, r.refused, s.LastAnswer = now, time.Time{}, now
		} else {
			s.Fault, s.RefusedSince = r.noAnswer(now)
		}
		if r.up {
			r.said = w.describe(r, now)
		}
		s.Server = r.said // as of its last answer
		sightings = append(sightings, s)
	}
	return rapbot.Assess(sightings, now)
}

func (r *fakeServer) noAnswer(now time.Time) (fault string, refused time.Time) {
	if r.silent {
		return "no answer in 2 s", time.Time{}
	}
	if r.refused.IsZero() {
		r.refused = now
	}
	return "connection refused", r.refused
}

var slots = map[string]string{"us-east-1": "use1", "us-west-2": "usw2", "eu-west-1": "euw1"}

func (w *world) describe(r *fakeServer, now time.Time) rapbot.Server {
	s := rapbot.Server{
		SystemID: "7000000000000000001", Version: w.version, InRecovery: r.recovery, Timeline: r.timeline,
		StartedAt: start.Add(-time.Hour), Clock: now, ReadOnly: r.readOnly, Flush: r.lsn, Have: r.lsn, Replay: r.lsn - rapbot.LSN(r.behind),
		RewindReady: true, FreeSenders: 8, FreeSlots: 8, FreeConnections: 50,
	}
	p := w.primary()
	if p != nil {
		w.beat = now
	}
	s.Heartbeat = w.beat.Add(-r.late)
	if r.frozen {
		s.SlotName = rapbot.FrozenSlot
	}
	if r.recovery && !r.dead && !r.frozen && p != nil && p.timeline >= r.timeline {
		s.Receiver = &rapbot.Receiver{Status: "streaming", Timeline: p.timeline, Flushed: r.lsn, LatestEnd: r.lsn, LastMessage: now, Sender: p.name + ":5432"}
		s.Timeline = p.timeline
	}
	if r.recovery {
		s.Flush = 0
		return s
	}
	for _, other := range w.regions {
		if other != r {
			s.Slots = append(s.Slots, rapbot.Slot{Name: slots[other.name], Status: "reserved", Active: other.up && other.recovery && !other.dead && !other.frozen})
		}
	}
	return s
}

// followers puts everybody who streams onto the new primary's timeline.
func (w *world) followers(p *fakeServer) {
	for _, r := range w.regions {
		if r.recovery && !r.dead && !r.frozen {
			r.timeline = p.timeline
		}
	}
}

// doers carries the steps out on the world.
func (w *world) doers() map[rapbot.StepKind]rapbot.Doer {
	out := map[rapbot.StepKind]rapbot.Doer{}
	for _, k := range []rapbot.StepKind{
		rapbot.StepPrepare, rapbot.StepBlock, rapbot.StepCatchUp, rapbot.StepStop, rapbot.StepProve,
		rapbot.StepPromote, rapbot.StepFollow, rapbot.StepRejoin, rapbot.StepTidy,
	} {
		out[k] = fakeDoer{w}
	}
	for _, k := range []rapbot.StepKind{
		rapbot.StepFreeze, rapbot.StepFence, rapbot.StepLevel, rapbot.StepWeigh, rapbot.StepSlots,
		rapbot.StepAnchor, rapbot.StepHalt, rapbot.StepSalvage, rapbot.StepRebuild,
	} {
		out[k] = emergencyDoer{fakeDoer{w}}
	}
	return out
}

type fakeDoer struct{ w *world }

func (d fakeDoer) key(run rapbot.StepRun) string { return run.Operation + "/" + string(run.Step.Kind) }

func (d fakeDoer) Observe(_ context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	w, at := d.w, d.w.server(run.Step.Region)
	old := w.server(run.Plan.From)
	f := rapbot.Finding{Detail: "not yet", Evidence: map[string]string{}}
	if err := d.silent(run); err != nil {
		return f, err
	}
	if why := w.broken[run.Step.Kind]; why != "" {
		f.Detail = why
		return f, nil
	}
	switch run.Step.Kind {
	case rapbot.StepPrepare, rapbot.StepTidy:
		f.Holds, f.Detail = w.marker[d.key(run)], ""
	case rapbot.StepBlock:
		f.Holds, f.Detail = old.readOnly, "0 sessions left"
		f.Evidence[rapbot.EvWritesStopped] = w.clock.Now().Format(time.RFC3339Nano)
	case rapbot.StepCatchUp:
		f.Holds, f.Detail = w.marker[d.key(run)] && at.behind == 0, ""
		f.Evidence[rapbot.EvMarker] = "0/5000100"
	case rapbot.StepStop:
		f.Holds, f.Detail = !old.up, ""
	case rapbot.StepProve:
		f.Holds, f.Detail = !old.up && at.behind == 0, ""
		f.Evidence[rapbot.EvProof], f.Evidence[rapbot.EvOldTimeline] = string(run.Plan.Proof()), fmt.Sprint(at.timeline)
		if run.Plan.Proof() != rapbot.ProofMarker {
			f.Evidence[rapbot.EvShutdown] = "0/5000178"
		}
	case rapbot.StepPromote:
		f.Holds, f.Detail = !at.recovery, ""
		f.Evidence[rapbot.EvOldTimeline], f.Evidence[rapbot.EvFork] = fmt.Sprint(at.timeline-1), at.lsn.String()
		f.Evidence[rapbot.EvNewTimeline], f.Evidence[rapbot.EvWritesBack] = fmt.Sprint(at.timeline), w.clock.Now().Format(time.RFC3339Nano)
	case rapbot.StepFollow:
		f.Holds, f.Detail = at.up && !at.dead && !at.frozen, ""
	case rapbot.StepRejoin:
		f.Holds, f.Detail = old.up && old.recovery, ""
	}
	return f, nil
}

func (d fakeDoer) Act(_ context.Context, run rapbot.StepRun) error {
	w, at := d.w, d.w.server(run.Step.Region)
	d.die("during", run)
	w.calls = append(w.calls, string(run.Step.Kind))
	w.clock.add(100 * time.Millisecond)
	switch run.Step.Kind {
	case rapbot.StepPrepare, rapbot.StepTidy, rapbot.StepCatchUp:
		w.marker[d.key(run)] = true
	case rapbot.StepBlock:
		at.readOnly = true
	case rapbot.StepStop:
		at.up = false
	case rapbot.StepPromote:
		for _, r := range w.regions {
			if r.up && !r.recovery {
				return rapbot.Refuse(rapbot.Precondition, r.name+" is a primary, so "+at.name+" is not promoted.", "")
			}
		}
		at.recovery, at.frozen, at.timeline = false, false, at.timeline+1
		w.followers(at)
	case rapbot.StepFollow:
		at.frozen = false
		w.followers(w.primary())
	case rapbot.StepRejoin:
		at.up, at.recovery, at.readOnly = true, true, false
		w.followers(w.primary())
	}
	if change, planned := w.when[run.Step.Kind]; planned {
		delete(w.when, run.Step.Kind)
		if err := w.change(change); err != nil {
			return err
		}
	}
	d.die("after", run)
	return nil
}

// silent is what asking a server that is down comes to. Two steps are about a
// server that is down; the first one needs both sides.
func (d fakeDoer) silent(run rapbot.StepRun) error {
	names := []string{run.Step.Region}
	switch run.Step.Kind {
	case rapbot.StepStop, rapbot.StepRejoin:
		return nil
	case rapbot.StepPrepare:
		names = append(names, run.Plan.From)
	}
	for _, name := range names {
		if !d.w.server(name).up {
			return &rapbot.Error{Code: rapbot.Unavailable, What: name + ": connection refused."}
		}
	}
	return nil
}

func (d fakeDoer) Undo(_ context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	if why := d.w.undoBad[run.Step.Kind]; why != "" {
		return rapbot.Finding{}, &rapbot.Error{Code: rapbot.Precondition, What: why}
	}
	if err := d.silent(run); err != nil {
		return rapbot.Finding{}, err
	}
	d.die("undoing", run)
	at := d.w.server(run.Step.Region)
	switch run.Step.Kind {
	case rapbot.StepBlock:
		at.readOnly = false
	case rapbot.StepStop:
		at.up = true
	}
	return rapbot.Finding{Holds: true}, nil
}

func (d fakeDoer) die(when string, run rapbot.StepRun) {
	if d.w.crash == when+" "+string(run.Step.Kind) {
		d.w.crash = ""
		panic(crashed{})
	}
}

// change is a play's "postgres:" line.
func (w *world) change(words string) error {
	f := strings.Fields(words)
	if len(f) < 2 {
		return fmt.Errorf("postgres: %q: too short", words)
	}
	rest := strings.Join(f[2:], " ")
	switch f[0] {
	case "version":
		_, err := fmt.Sscan(f[1], &w.version)
		return err
	case "stop":
		w.server(f[1]).up = false
	case "start":
		w.server(f[1]).up, w.server(f[1]).silent = true, false
	case "darken":
		w.server(f[1]).up, w.server(f[1]).silent = false, true
	case "lighten": // its machine is back, its server is not
		w.server(f[1]).silent = false
	case "commits": // that nobody has received
		if _, err := fmt.Sscanf(rest, "%d", &w.server(f[1]).own); err != nil {
			return err
		}
	case "seal":
		w.server(f[1]).sealed = true
	case "rebuild": // by hand, as a replica of the primary
		p, r := w.primary(), w.server(f[1])
		r.up, r.silent, r.recovery, r.timeline, r.lsn, r.own = true, false, true, p.timeline, p.lsn, 0
	case "ahead": // bytes that another replica does not have
		var bytes int64
		if _, err := fmt.Sscanf(rest, "%d", &bytes); err != nil {
			return err
		}
		w.server(f[1]).lsn += rapbot.LSN(bytes)
	case "unplug":
		w.server(f[1]).dead = true
	case "plug":
		w.server(f[1]).dead = false
	case "promote":
		for _, r := range w.regions {
			if !r.recovery {
				r.recovery = true
			}
		}
		w.server(f[1]).recovery = false
		w.server(f[1]).timeline++
		w.followers(w.server(f[1]))
	case "lag":
		var bytes, seconds int64
		if _, err := fmt.Sscanf(rest, "%d bytes %d s", &bytes, &seconds); err != nil {
			return err
		}
		w.server(f[1]).behind, w.server(f[1]).late = bytes, time.Duration(seconds)*time.Second
	case "when":
		w.when[rapbot.StepKind(f[1])] = rest
	case "gate":
		w.noGate = f[1] == "none"
	case "break":
		w.broken[rapbot.StepKind(f[1])] = rest
	case "break-undo":
		w.undoBad[rapbot.StepKind(f[1])] = rest
	case "mend":
		delete(w.broken, rapbot.StepKind(f[1]))
		delete(w.undoBad, rapbot.StepKind(f[1]))
	default:
		return fmt.Errorf("postgres: %q: no such change", words)
	}
	return nil
}
