package rapbot

import (
	"fmt"
	"strings"
	"time"
)

// Sighting is what came of asking one region once.
type Sighting struct {
	Region     string        `json:"-"`
	At         time.Time     `json:"at"`            // when the answer came, or when waiting for it ended
	Took       time.Duration `json:"took,omitzero"` // from the question to the answer, when there was one
	Answered   bool          `json:"answered"`
	Fault      string        `json:"fault,omitempty"`      // why there is no answer, without secrets; empty when answered
	LastAnswer time.Time     `json:"last_answer,omitzero"` // the newest answer up to At; zero means never yet
	// RefusedSince is the first of the looks, up to this one, that found nothing
	// listening there; zero when this look was answered or met silence.
	RefusedSince time.Time `json:"refused_since,omitzero"`
	Server       Server    `json:"server"` // as of this answer; as of LastAnswer when there is none
}

// Refused reports whether nothing listens there. That is more than silence: a
// server that hangs is silent too.
func (s Sighting) Refused() bool { return !s.RefusedSince.IsZero() }

// Server is one PostgreSQL server as it described itself in one round trip.
// Sources of the columns: pg_stat_replication, pg_stat_wal_receiver,
// pg_replication_slots and the recovery functions of the PostgreSQL manual.
type Server struct {
	SystemID      string        `json:"system_id"`
	Version       int           `json:"version"` // server_version_num, 150018 for 15.18
	InRecovery    bool          `json:"in_recovery"`
	Timeline      uint32        `json:"timeline"`
	StartedAt     time.Time     `json:"started_at"`
	Clock         time.Time     `json:"clock"` // the server's own clock
	ReadOnly      bool          `json:"read_only"`
	Flush         LSN           `json:"flush"`  // primary: flushed to its own disk
	Have          LSN           `json:"have"`   // replica: the greater of received and replayed
	Replay        LSN           `json:"replay"` // replica: applied
	ReplayPaused  bool          `json:"replay_paused"`
	ApplyDelay    time.Duration `json:"apply_delay"` // recovery_min_apply_delay
	Receiver      *Receiver     `json:"receiver"`    // replica: nil when no receiver runs
	Standbys      []Standby     `json:"standbys"`    // primary: who streams from it
	Slots         []Slot        `json:"slots"`
	Heartbeat     time.Time     `json:"heartbeat"`      // newest heartbeat row visible here, by the primary's clock
	RewindReady   bool          `json:"rewind_ready"`   // data checksums or wal_log_hints
	LongestTx     time.Duration `json:"longest_tx"`     // oldest transaction of an application
	Prepared      int           `json:"prepared"`       // two-phase transactions waiting
	FreeSenders   int           `json:"free_senders"`   // max_wal_senders less those in use
	FreeSlots     int           `json:"free_slots"`     // max_replication_slots less those in use
	MissingGrants []string      `json:"missing_grants"` // what rapbot's role cannot do here
	SlotName      string        `json:"slot_name"`      // primary_slot_name

	FreeConnections int  `json:"free_connections"` // that rapbot may still open
	AlterSystemOff  bool `json:"alter_system_off"` // allow_alter_system
	HurriedShutdown bool `json:"hurried_shutdown"` // wal_sender_shutdown_timeout: a shutdown may leave replicas behind
}

// FrozenSlot is what primary_slot_name begins with on a replica that rapbot
// keeps from receiving anything: no server has a slot of that name. The boot
// gate of every other region can read it there, and takes it for what it says:
// the primary is being replaced.
const FrozenSlot = "rapbot_frozen"

// FrozenName is that name while the primary of one timeline is being replaced.
// The new primary is on a later one, so its own boot gate takes no offence at a
// replica that is still frozen.
func FrozenName(timeline uint32) string { return fmt.Sprintf("%s_tli%d", FrozenSlot, timeline) }

// Frozen reports whether the server is kept from receiving anything.
func (s Server) Frozen() bool { return strings.HasPrefix(s.SlotName, FrozenSlot) }

// Receiver is a replica's end of the stream.
type Receiver struct {
	Status      string    `json:"status"`
	Timeline    uint32    `json:"timeline"`
	Flushed     LSN       `json:"flushed"`
	LatestEnd   LSN       `json:"latest_end"` // the sender's end of log at its last message
	LastMessage time.Time `json:"last_message"`
	Sender      string    `json:"sender"` // host:port
}

// Streaming reports whether WAL flows.
func (r *Receiver) Streaming() bool { return r != nil && r.Status == "streaming" }

// Standby is the primary's end of one stream.
type Standby struct {
	Name   string `json:"name"` // application_name, which is the slot's name by our convention
	State  string `json:"state"`
	Sync   string `json:"sync"`
	Sent   LSN    `json:"sent"`
	Flush  LSN    `json:"flush"`
	Replay LSN    `json:"replay"`
}

// Slot is a physical or logical replication slot.
type Slot struct {
	Name     string `json:"name"`
	Logical  bool   `json:"logical"`
	Active   bool   `json:"active"`
	Status   string `json:"status"`   // reserved, extended, unreserved, lost; lost too when it was invalidated
	Retained int64  `json:"retained"` // bytes of WAL held back
	From     LSN    `json:"from"`     // where those begin; 0 when none are

	Reason        string    `json:"reason,omitempty"`        // why it was invalidated, as far as the version tells
	InactiveSince time.Time `json:"inactive_since,omitzero"` // since when nobody uses it, as far as the version tells
}
