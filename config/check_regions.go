package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	regionName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	slotName   = regexp.MustCompile(`^[a-z0-9_]{1,63}$`)
)

// checkRegions fills in the slots that were left out, and looks for what is
// usually a region copied from another and not changed everywhere: two regions
// that are one server, or one whose commands act on the other.
func (d *decoder) checkRegions(regions []Region) {
	if len(regions) < 2 && !d.failed("regions") {
		d.add("regions", fmt.Sprintf("%d given, at least 2 needed", len(regions)), "list every region that has a PostgreSQL server")
	}
	copied := slices.ContainsFunc(regions, func(r Region) bool { return r.Instance.HasVolume() })
	seen := map[string]string{} // From what must differ to the path that had it first.
	differ := func(path, kind, value, what, fix string) {
		if first, twice := seen[kind+value]; twice {
			d.add(path, what+", first in "+first, fix)
			return
		}
		seen[kind+value] = path
	}
	for i := range regions {
		region, at := &regions[i], fmt.Sprintf("regions[%d]", i)
		if region.Name != "" && !regionName.MatchString(region.Name) {
			d.add(at+".name", show(region.Name)+" cannot be typed as a region", "use lower-case letters, digits and hyphens, at most 63")
		} else if region.Name != "" {
			differ(at+".name", "name ", region.Name, show(region.Name)+" appears twice", "names must differ")
		}

		if region.Slot == "" && !d.failed(at+".slot") && !d.failed(at+".name") {
			region.Slot = shortName(region.Name)
		}
		if region.Slot != "" && !slotName.MatchString(region.Slot) {
			d.add(at+".slot", show(region.Slot)+" cannot name a replication slot", "use 1 to 63 of a-z, 0-9 and _")
		} else if region.Slot != "" {
			differ(at+".slot", "slot ", region.Slot, "slot "+show(region.Slot)+" appears twice", "give each region a slot of its own")
		}

		if settings, ok := d.checkDSN(at+".postgres.dsn", region.Postgres.DSN); ok {
			server := strings.ToLower(last(settings, "host")) + " " + cmp.Or(last(settings, "port"), "5432")
			differ(at+".postgres.dsn", "server ", server, "the same server appears twice", "give the host and port of this region")
		}
		d.checkInstance(at, *region)
		d.checkVolume(at, region.Instance)
		if k := region.Kubernetes; k.Configured() {
			differ(at+".kubernetes.context", "cluster ", k.Kubeconfig+" "+k.Context+" "+k.Namespace, "the same cluster and namespace appear twice", "give the context of this region's cluster")
		}
		if address := region.Postgres.ReplicationAddress; address != "" {
			differ(at+".postgres.replication_address", "address ", strings.ToLower(address), "the same address appears twice", "write the one of this region's server")
		}
		d.checkReplicationAddress(at+".postgres", &region.Postgres, copied)
		for _, command := range region.Instance.commands() {
			if len(command.words) > 0 {
				differ(at+".instance."+command.key, command.key+" ", strings.Join(command.words, "\x00"), "the same command appears twice",
					"write the one that acts on this region's server")
			}
		}
	}
}

// checkInstance wants a way to start and stop the server: by commands, or by the
// region's Kubernetes.
func (d *decoder) checkInstance(at string, r Region) {
	k := at + ".kubernetes"
	if r.Kubernetes.Context != "" && r.Kubernetes.InCluster {
		d.add(k+".in_cluster", "true, and context is given too", "leave one of them out")
	}
	if r.Kubernetes.Configured() && !r.Instance.Given() {
		return
	}
	for _, c := range []struct {
		key   string
		words Command
		fix   string
	}{
		{"start_primary", r.Instance.StartPrimary, "write the command that starts this server as primary, as a list of words"},
		{"start_replica", r.Instance.StartReplica, "write the command that starts this server as replica, as a list of words"},
		{"stop", r.Instance.Stop, "write the command that stops this server, as a list of words"},
		{"status", r.Instance.Status, "write the command that exits 0 when this server runs and 3 when it is stopped, as a list of words"},
	} {
		if path := at + ".instance." + c.key; len(c.words) == 0 && !d.failed(path) {
			d.add(path, "missing", c.fix+"; or let the region's Kubernetes do it: kubernetes.context")
		}
	}
}

type namedCommand struct {
	key   string
	words Command
}

func (i Instance) commands() []namedCommand {
	return append([]namedCommand{{"start_primary", i.StartPrimary}, {"start_replica", i.StartReplica}, {"stop", i.Stop}, {"status", i.Status}}, i.volume()...)
}

// shortName derives a slot from the name of a region: the first part, the first
// letter of each part after it, and numbers whole. us-east-1 gives use1.
func shortName(name string) string {
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '-' })
	for i, part := range parts {
		if number := strings.Trim(part, "0123456789") == ""; i > 0 && !number {
			parts[i] = part[:1]
		}
	}
	short := strings.Join(parts, "")
	return short[:min(len(short), 63)]
}
