package kubernetes

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// Volume is the data of one region's PostgreSQL while it does not run: Jobs in
// its cluster that run the chart's volume.sh on the claim of its StatefulSet. It
// relies on these of whatever installed PostgreSQL:
//
//   - its container, postgresql or postgres or the first, can run volume.sh with
//     the environment and the mounts that it has, see VolumeConfig.Command;
//   - the data lie on a claim of the StatefulSet's first pod;
//   - no init container is needed once the server has run: the Job has none;
//   - a NetworkPolicy that is about all pods lets those with the label
//     rapbot/volume-of reach the source.
type Volume struct {
	fleet  *Fleet
	region *region
}

var _ rapbot.Volume = (*Volume)(nil)

// Volume returns a region's. Code NotFound.
func (f *Fleet) Volume(region string) (*Volume, error) {
	r, err := f.of(region)
	if err != nil {
		return nil, err
	}
	return &Volume{f, r}, nil
}

// What is known of the data after a verb that failed.
const (
	untouched = "Nothing was changed."
	halfDone  = "Whether the data were changed is not known; they may be half way."
)

// verb is one call of volume.sh.
type verb struct {
	name    string
	args    []string // after the name
	limit   time.Duration
	changed string // what is known of the data when it fails
	tell    func(done, total int64)
}

// Divergence runs volume.sh divergence and reads its answer.
func (v *Volume) Divergence(ctx context.Context, source string, from rapbot.LSN) (rapbot.Divergence, error) {
	at := from.String()
	if from == 0 {
		at = "0/0"
	}
	call, err := v.verb("divergence", source, v.region.Volume.Timeout, untouched, nil)
	if err != nil {
		return rapbot.Divergence{}, err
	}
	call.args = append(call.args, at)
	var d rapbot.Divergence
	err = v.run(ctx, call, func(said log) (err error) {
		d, err = said.divergence()
		return err
	})
	return d, err
}

// Rewind runs volume.sh rewind.
func (v *Volume) Rewind(ctx context.Context, source string) error {
	return v.copy(ctx, "rewind", source, nil)
}

// Rebuild runs volume.sh rebuild and tells the progress that it prints.
func (v *Volume) Rebuild(ctx context.Context, source string, progress func(done, total int64)) error {
	return v.copy(ctx, "rebuild", source, progress)
}

func (v *Volume) copy(ctx context.Context, name, source string, progress func(done, total int64)) error {
	call, err := v.verb(name, source, v.region.Volume.CopyTimeout, halfDone, progress)
	if err != nil {
		return err
	}
	return v.run(ctx, call, func(log) error { return nil })
}

// verb makes a call with the address of its source.
func (v *Volume) verb(name, source string, limit time.Duration, changed string, tell func(done, total int64)) (verb, error) {
	address, known := v.region.Volume.Sources[source]
	if !known {
		return verb{}, rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("No address is known under which %.63q could be copied from.", source), "Name a region of the configuration that has a replication address.")
	}
	host, port, err := net.SplitHostPort(address)
	if number, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || number == 0 || host == "" {
		return verb{}, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("The replication address of %s is not host:port.", source), "Correct the replication address of that region.")
	}
	if tell == nil {
		tell = func(_, _ int64) {}
	}
	return verb{name: name, args: []string{host, port}, limit: limit, changed: changed, tell: tell}, nil
}
