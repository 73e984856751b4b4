package rapbot

import (
	"context"
	"time"
)

// Fleet observes the regions.
type Fleet interface {
	// Topology answers from memory, at once.
	Topology() Topology
	// Observe asks every region now. It returns within the observation
	// deadline whatever the regions do (R9).
	Observe(ctx context.Context) Topology
}

// Doer carries out one kind of step and knows how to tell whether it is
// carried out. All of its methods may be called again after a crash at any
// point.
type Doer interface {
	// Observe reports whether the step's post-condition holds. An error means
	// that the truth could not be observed.
	Observe(ctx context.Context, run StepRun) (Finding, error)
	// Act checks the pre-condition and acts. It returns code Precondition, and
	// has changed nothing, when the world is not as the step needs it.
	Act(ctx context.Context, run StepRun) error
	// Undo takes back what Act did, wholly or half done, and returns when the
	// undoing holds. Calling it when there is nothing to undo does nothing.
	Undo(ctx context.Context, run StepRun) (Finding, error)
}

// StepRun is a step with what it may need to know.
type StepRun struct {
	Operation string
	Plan      Plan
	Step      Step
	Evidence  map[string]string // of the steps before it

	// Progress tells how far it has come, in bytes or, of steps about releases, in
	// pods; total may be zero while it is not known. It may be called often.
	Progress func(done, total int64)
}

// Finding is what an observation found.
type Finding struct {
	Holds    bool
	Detail   string            // what is awaited, or what was found; for people
	Risk     string            // a question: the step goes on only if a person accepts this; see EvAccepted
	Hopeless string            // why waiting will not bring it about: the step has failed
	Evidence map[string]string // kept in the journal when the step is done
}

// Instance stops and starts one region's server. Every method may be called
// again; asking for what is already so succeeds.
type Instance interface {
	// Running reports whether the server runs. Code Unavailable: cannot tell.
	Running(ctx context.Context) (bool, error)
	// Stop shuts the server down cleanly and returns when it is down.
	Stop(ctx context.Context) error
	// StartPrimary starts it as the primary that it was.
	StartPrimary(ctx context.Context) error
	// StartReplica starts it as a replica of whoever is primary.
	StartReplica(ctx context.Context) error
}

// Prover is an Instance whose word that the server does not run is proof, as a
// kubelet's is that the pod is gone. Behind a Service or a load balancer nothing
// need refuse a connection then, as a machine would.
type Prover interface {
	Instance
	Proves() bool
}

// Volume is the data of one region's server while the server does not run. Its
// sources are names of regions. Code Precondition, and nothing changed, while
// the server runs; code Unavailable when the data cannot be reached.
type Volume interface {
	// Divergence reads where the server's own log leaves the history of source,
	// and what lies past that point; it keeps a copy of that part of the log. A
	// from that is not zero takes the place of the point where they part.
	Divergence(ctx context.Context, source string, from LSN) (Divergence, error)
	// Rewind makes the data follow source's history (pg_rewind). What lies past
	// the point where they part is gone from the data afterwards.
	Rewind(ctx context.Context, source string) error
	// Rebuild replaces the data with a copy of source's. Progress is told in
	// bytes; total may grow while it copies.
	Rebuild(ctx context.Context, source string, progress func(done, total int64)) error
}

// Divergence is what a stopped server's log holds that another server's
// history does not.
type Divergence struct {
	SystemID string `json:"system_id"`
	Clean    bool   `json:"clean"`           // its log ends with a shutdown checkpoint
	Timeline uint32 `json:"timeline"`        // that it wrote or replayed last
	End      LSN    `json:"end"`             // of its log on that timeline
	Fork     LSN    `json:"fork"`            // the other history leaves that timeline here
	Related  bool   `json:"related"`         // that timeline is part of the other history at all
	Commits  int    `json:"commits"`         // transactions committed past Fork
	Saved    string `json:"saved,omitempty"` // where the log past Fork was copied to; empty when nothing lies there
}

// Bytes is how much log lies past the fork.
func (d Divergence) Bytes() int64 { return d.End.BytesPast(d.Fork) }

// unfinished is how much of its last record a server may have without having
// it whole: of what it has received, a slot keeps nothing.
const unfinished = 1 << 20

// EndsBefore reports whether log is missing between the end of this one and
// what a slot keeps.
func (d Divergence) EndsBefore(kept LSN) bool { return d.Related && kept.BytesPast(d.End) > unfinished }

// Straight reports whether the server can follow the other one as it is.
func (d Divergence) Straight() bool { return d.Related && d.End <= d.Fork }

// Chat puts messages in front of people.
type Chat interface {
	// Post says something in a channel, or in a thread of it. Key identifies
	// the message, so that a retry after a crash can find it again.
	Post(ctx context.Context, to Place, key string, m Message) (Ref, error)
	// Attach posts a file with its comment, as Post does and under the same
	// promise about its key. A chat may take a file now and show it later: a
	// zero Ref without an error says that it was taken and is not seen yet.
	Attach(ctx context.Context, to Place, key string, f File) (Ref, error)
	// Edit replaces a message.
	Edit(ctx context.Context, at Ref, m Message) error
	// Whisper says something that only one person sees.
	Whisper(ctx context.Context, to Place, user string, m Message) error
	// OpenForm opens a dialog; trigger comes with the event that asks for it
	// and is good for three seconds.
	OpenForm(ctx context.Context, trigger string, f Form) error
}

// Place is a channel, or a thread in it.
type Place struct {
	Channel string
	Thread  string // ID of the thread's first message; empty for the channel itself
}

// Directory knows people.
type Directory interface {
	// Person looks a person up now; group membership is not older than a few
	// seconds. Code Unavailable when it cannot be found out, in which case
	// nothing may be approved.
	Person(ctx context.Context, id string) (Person, error)
}

// Term is one holding of the lease (R6).
type Term int64

// Operations is the journal of operations. Every write names the term under
// which it is made and fails with code Superseded when a newer one exists.
type Operations interface {
	// Acquire takes the lease for holder and returns its term. Code Conflict
	// when another live process holds it.
	Acquire(ctx context.Context, holder string) (Term, error)
	// Propose begins an operation with its first record, number 1 of kind
	// proposed, and gives it an ID. Code Conflict when another operation is
	// open: one at a time.
	Propose(ctx context.Context, term Term, first Record) (Operation, error)
	// Append adds records that follow the newest one, all or none. Code Conflict
	// when the operation has moved on or may not take them.
	Append(ctx context.Context, term Term, id string, records ...Record) (Operation, error)
	// Operation returns one operation. Code NotFound.
	Operation(ctx context.Context, id string) (Operation, error)
	// Open returns the operations that have not ended, oldest first.
	Open(ctx context.Context) ([]Operation, error)
	// History returns the newest operations first, limit at the most.
	History(ctx context.Context, limit int) ([]Operation, error)
}

// Samples is the memory of where the regions stood, for a day.
type Samples interface {
	// Keep stores samples. One of the same region and moment is kept once.
	Keep(ctx context.Context, samples ...Sample) error
	// Since returns the samples of all regions from that time on, oldest first.
	Since(ctx context.Context, from time.Time) ([]Sample, error)
	// Each hands the samples of [from, to) to take in that order, without
	// holding them all.
	Each(ctx context.Context, from, to time.Time, take func(Sample)) error
}

// Notes are small things to remember across restarts, by name.
type Notes interface {
	// Note returns a note. It is empty when there is none.
	Note(ctx context.Context, name string) (string, error)
	// PutNote stores a note in the place of the one before, durably before it
	// returns.
	PutNote(ctx context.Context, name, text string) error
}
