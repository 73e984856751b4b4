package rapbot

import (
	"context"
	"time"
)

// Part is what a region runs: each is a chart, installed as one release of
// Helm's.
type Part string

// The parts.
const (
	App      Part = "app"      // the application
	Database Part = "database" // PostgreSQL
)

// Noun is what people call it.
func (p Part) Noun() string {
	if p == Database {
		return "PostgreSQL"
	}
	return "the application"
}

// Release is a chart at a version in a region, as Helm keeps it.
type Release struct {
	Region   string    `json:"region"`
	Part     Part      `json:"part"`
	Name     string    `json:"name"`    // Helm's
	Chart    string    `json:"chart"`   // name and version: "rap-analyzer-2.0.0"
	Version  string    `json:"version"` // of what it runs: the value image.tag, else the chart's appVersion
	Revision int       `json:"revision"`
	Status   string    `json:"status"` // Helm's word: deployed, failed, pending-upgrade…
	At       time.Time `json:"at"`
	Words    string    `json:"words,omitempty"` // Helm's description of the revision, bounded
}

// Pending reports whether Helm believes that something is at this release just
// now. It stays so when that something was killed.
func (r Release) Pending() bool { return len(r.Status) > 7 && r.Status[:7] == "pending" }

// Change is what a release is to become. Values that it does not name stay as
// they are in the release; of a new one they are those of its values files.
type Change struct {
	Region string   `json:"region"`
	Part   Part     `json:"part"`
	Set    []string `json:"set,omitempty"` // in the syntax of helm --set: image.tag=v2

	// Install says that what is not there yet is to be made. Helm makes it in any
	// case; whoever keeps releases in its place does not by mistake.
	Install bool `json:"install,omitempty"`
}

// Preview is what a change would do, as the API server answers to it.
type Preview struct {
	Release   Release `json:"release"`   // as it is; revision 0 when there is none
	Version   string  `json:"version"`   // that it would run
	Digest    string  `json:"digest"`    // of the rendered manifests, hex SHA-256
	Diff      string  `json:"diff"`      // unified, secrets masked, bounded; empty when nothing would change
	Objects   int     `json:"objects"`   // that differ
	Truncated bool    `json:"truncated"` // the diff is longer than what is kept of it
}

// Releases is Helm in every region. Errors: code NotFound for a region or part
// that is not configured or not installed; code Unavailable when the API server
// gives no answer within the deadline; code Conflict while something else is at
// the release; code Invalid, with Helm's or the API server's own words, for a
// change that they refuse: then nothing was changed.
type Releases interface {
	// Release returns the newest revision, whatever its status.
	Release(ctx context.Context, region string, part Part) (Release, error)
	// History returns the newest revisions first, limit at the most.
	History(ctx context.Context, region string, part Part, limit int) ([]Release, error)
	// Values returns what was set on the newest deployed revision, values files
	// included, as dotted names: "image.tag" → "v2".
	Values(ctx context.Context, region string, part Part) (map[string]string, error)
	// Preview renders a change and has the API server check every object of it.
	// Nothing is changed.
	Preview(ctx context.Context, c Change) (Preview, error)
	// PreviewRollBack is the preview of making a release what it was at a revision.
	PreviewRollBack(ctx context.Context, region string, part Part, revision int) (Preview, error)
	// Apply makes a change, or installs what is not there, and returns when every
	// object is applied and the revision recorded. It does not wait for pods. Of a
	// release that a killed process left pending, the last good revision is put
	// back first.
	Apply(ctx context.Context, c Change) (Release, error)
	// RollBack makes a release what it was at a revision, as a new revision.
	// Revision 0 takes away a release that was not there before.
	RollBack(ctx context.Context, region string, part Part, revision int) (Release, error)
}

// Keeping is how far somebody else than Helm, to whom rapbot only says what a
// release is to be, has brought it to its cluster.
type Keeping struct {
	By      string // Argo CD; empty: nobody, Helm applies the release itself
	Says    string // in its own words: "OutOfSync, Progressing"
	Settled bool   // the cluster is as the release says, and all is well there
	Idle    bool   // it does nothing before somebody tells it to
	Trouble string // what is in the way; empty for nothing that is known
	Stuck   bool   // time alone does not mend that
	Fix     string // what to do about it
}

// Keeper knows that. Errors as of Releases; none for a release that Helm keeps.
type Keeper interface {
	// Keeping asks anew.
	Keeping(ctx context.Context, region string, part Part) (Keeping, error)
}
