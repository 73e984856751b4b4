package rapbot

import (
	"fmt"
	"strconv"
	"time"
)

// StepPoint makes a region's release say who the primary is. It does not wait
// for pods: what they do about it is shown by the status.
const StepPoint StepKind = "point"

// pointTime is how long one release may take to be changed.
const pointTime = time.Minute

// pointApps are the steps after which the application of each region asks the
// new primary. They come as early as can be: it writes again only then.
func pointApps(sites []Site, primary string, regions []string) []Step {
	host, port := siteOf(sites, primary).address()
	if host == "" {
		return nil // nobody knows where that would be
	}
	var steps []Step
	for _, r := range regions {
		if !siteOf(sites, r).App {
			continue
		}
		zone := Replica
		if r == primary {
			zone = Primary
		}
		steps = append(steps, Step{
			Kind: StepPoint, Region: r, Part: App, Set: []string{"database.host=" + host, "database.port=" + port, "global.zone=" + string(zone)},
			Title: "Point the application in " + r + " at " + primary, Deadline: pointTime, Optional: true,
		})
	}
	return steps
}

// pointDatabases are the steps after which the releases of PostgreSQL say what
// the servers are, so that Helm and the world agree. Nothing is restarted.
func pointDatabases(sites []Site, primary string, timeline uint32, regions []string) []Step {
	host, port := siteOf(sites, primary).address()
	if host == "" {
		return nil
	}
	var steps []Step
	for _, r := range regions {
		if !siteOf(sites, r).Release {
			continue
		}
		role := Replica
		if r == primary {
			role = Primary
		}
		steps = append(steps, Step{
			Kind: StepPoint, Region: r, Part: Database,
			Set:   []string{"role=" + string(role), "epoch=" + strconv.FormatUint(uint64(timeline), 10), "primary.host=" + host, "primary.port=" + port},
			Title: fmt.Sprintf("Note in %s that %s is the primary", r, primary), Deadline: pointTime, Optional: true,
		})
	}
	return steps
}
