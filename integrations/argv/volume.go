package argv

import (
	"context"
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// VolumeConfig is the commands for the data of one region's stopped server.
// Their words may hold {host}, {port} and {region} of the source, and those of
// Divergence {from}. charts/postgresql/files/volume.sh is what they usually
// come to in the end.
type VolumeConfig struct {
	Divergence []string // prints a rapbot.Divergence as one JSON object
	Rewind     []string
	Rebuild    []string

	// Sources are the addresses, as host:port, under which this region reaches
	// the servers of the regions.
	Sources map[string]string

	Timeout     time.Duration // for Divergence; two minutes when zero
	CopyTimeout time.Duration // for Rewind and Rebuild each; twelve hours when zero
}

// Volume is a rapbot.Volume that runs the commands.
type Volume struct{ config VolumeConfig }

var _ rapbot.Volume = (*Volume)(nil)

// NewVolume makes a Volume. It runs nothing.
func NewVolume(c VolumeConfig) *Volume {
	if c.Timeout <= 0 {
		c.Timeout = 2 * time.Minute
	}
	if c.CopyTimeout <= 0 {
		c.CopyTimeout = 12 * time.Hour
	}
	return &Volume{c}
}

// exitRuns is what the commands exit with when the server runs. 3 is taken:
// by the status command it says the opposite.
const exitRuns = 4

// longestAnswer bounds what is read of the divergence command's output.
const longestAnswer = 64 << 10

// Divergence runs the divergence command and reads its answer.
func (v *Volume) Divergence(ctx context.Context, source string, from rapbot.LSN) (rapbot.Divergence, error) {
	at := from.String()
	if from == 0 {
		at = "0/0"
	}
	command, err := v.fill(v.config.Divergence, source, at)
	if err != nil {
		return rapbot.Divergence{}, err
	}
	answer := head{limit: longestAnswer}
	var said tail
	r := runInto(ctx, command, v.config.Timeout, wholeAnswer, &answer, &said)
	r.said = said.String()
	if err := trouble("divergence", command, r, "Nothing was changed."); err != nil {
		return rapbot.Divergence{}, err
	}
	d, err := readDivergence(answer)
	if err != nil {
		return rapbot.Divergence{}, &rapbot.Error{
			Code:    rapbot.Unavailable,
			What:    fmt.Sprintf("The divergence command%s gave an answer that cannot be used: %v.", named(command), err),
			Changed: "Nothing was changed.",
			Now:     "Run the command by hand; it prints one JSON object and nothing else.",
		}
	}
	return d, nil
}

// halfDone is what is known of the data after a command that failed on them.
const halfDone = "Whether the data were changed is not known; they may be half way."

// Rewind runs the rewind command.
func (v *Volume) Rewind(ctx context.Context, source string) error {
	return v.copy(ctx, "rewind", v.config.Rewind, source, nil)
}

// Rebuild runs the rebuild command and tells the progress that it prints.
func (v *Volume) Rebuild(ctx context.Context, source string, progress func(done, total int64)) error {
	return v.copy(ctx, "rebuild", v.config.Rebuild, source, progress)
}

func (v *Volume) copy(ctx context.Context, name string, words []string, source string, progress func(done, total int64)) error {
	command, err := v.fill(words, source, "")
	if err != nil {
		return err
	}
	if progress == nil {
		progress = func(_, _ int64) {}
	}
	var said tail
	lines := rapbot.CopyLines{Tell: progress, Rest: func(line []byte) { _, _ = said.Write(line) }}
	r := runInto(ctx, command, v.config.CopyTimeout, wholeAnswer, &lines, &lines)
	lines.Finish()
	r.said = said.String()
	return trouble(name, command, r, halfDone)
}

// trouble is nil for a command that has done its work.
func trouble(name string, command []string, r result, changed string) error {
	if r.trouble == "" && r.exit == 0 {
		return nil
	}
	e := &rapbot.Error{
		Code:    rapbot.Unavailable,
		What:    fmt.Sprintf("The %s command%s %s.", name, named(command), r),
		Changed: changed,
		Now:     "Run the command by hand to see what is in its way.",
	}
	if !r.started {
		e.Changed = "Nothing was changed."
	}
	if r.trouble == "" && r.exit == exitRuns {
		e.Code, e.Changed, e.Now = rapbot.Precondition, "Nothing was changed.", "Stop the server first."
	}
	return e
}
