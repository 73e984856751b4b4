package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
	"github.com/rap-analyzer/rapbot/config"
)

// errIll makes doctor exit with 1 when something would fail.
var errIll = errors.New("something is in the way; see the lines marked ✕")

func doctorCommand(path *string) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Look for what would be in the way of an operation, and say what mends it; works without Slack",
		Long: "Asks every server, every cluster and Helm once, and looks for what an operation would fail on: privileges that are missing, a boot gate that is not there, releases that were left pending.\n" +
			"Nothing is changed. Exits 0 when nothing would fail, 1 otherwise, 2 when the configuration is wrong.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(*path, os.LookupEnv)
			if err != nil {
				return err
			}
			checks, err := examine(cmd.Context(), c)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), cards.Doctor(checks).Plain()); err != nil {
				return err
			}
			for _, check := range checks {
				if check.Verdict == rapbot.Fail {
					return errIll
				}
			}
			return nil
		},
	}
}

// examine looks at everything that can be asked without Slack.
func examine(ctx context.Context, c *config.Config) ([]rapbot.Check, error) {
	k, err := openClusters(c, zap.NewNop())
	if err != nil {
		return nil, err
	}
	fleet, sites, err := openFleet(ctx, c, k, zap.NewNop())
	if err != nil {
		return nil, err
	}
	defer fleet.Close()
	t, seen := observe(ctx, fleet, k)
	checks := serverChecks(t, sites)
	if k == nil {
		return append(checks, rapbot.Check{Name: "Kubernetes", Verdict: rapbot.Warn, Detail: "no region's cluster is configured", Fix: "Set regions[].kubernetes to deploy with rapbot."}), nil
	}
	checks = append(checks, clusterChecks(seen)...)
	checks = append(checks, rightChecks(k.Missing(ctx))...)
	checks = append(checks, releaseChecks(ctx, c, k)...)
	return append(checks, argoChecks(ctx, c, k, t)...), nil
}

func serverChecks(t rapbot.Topology, sites []rapbot.Site) []rapbot.Check {
	var checks []rapbot.Check
	for i, r := range t.Regions {
		check := rapbot.Check{Name: "PostgreSQL of " + r.Name, Verdict: rapbot.Pass, Detail: fmt.Sprintf("%s, %s", r.Role, rapbot.VersionName(r.Server.Version))}
		switch {
		case !r.Answered:
			check.Verdict, check.Detail, check.Fix = rapbot.Fail, r.Fault, "Look at postgres.dsn of the region, and whether its server runs."
		case len(r.Server.MissingGrants) > 0:
			check.Verdict, check.Fix = rapbot.Fail, "Run docs/grants.sql there as a superuser."
			check.Detail += "; rapbot's login may not " + strings.Join(r.Server.MissingGrants, ", ")
		case r.Server.AlterSystemOff:
			check.Verdict, check.Detail, check.Fix = rapbot.Fail, check.Detail+"; allow_alter_system is off", "Set allow_alter_system = on."
		}
		checks = append(checks, check)
		if sites[i].SelfFence == 0 {
			checks = append(checks, rapbot.Check{
				Name: "Boot gate of " + r.Name, Verdict: rapbot.Warn, Detail: "none is configured: nothing keeps the server from coming back as a second primary",
				Fix: "Start it by charts/postgresql/files/boot-gate.sh and set boot_gate.self_fence.",
			})
		}
	}
	for _, c := range t.Contradictions() {
		checks = append(checks, rapbot.Check{Name: "The fleet", Verdict: rapbot.Warn, Detail: strings.TrimSuffix(c, ".")})
	}
	return checks
}

func clusterChecks(seen []rapbot.Cluster) []rapbot.Check {
	var checks []rapbot.Check
	for _, c := range seen {
		check := rapbot.Check{Name: "Kubernetes of " + c.Region, Verdict: rapbot.Pass, Detail: "it answers"}
		if !c.Answered {
			check.Verdict, check.Detail, check.Fix = rapbot.Fail, c.Fault, "Look at kubernetes of the region, and whether its API server runs."
		}
		checks = append(checks, check)
		for _, l := range c.Lacks {
			checks = append(checks, rapbot.Check{Name: "Kubernetes of " + c.Region, Verdict: rapbot.Warn, Detail: l.What, Fix: "Add it with " + l.Fix})
		}
	}
	return checks
}

func rightChecks(missing []string) []rapbot.Check {
	if len(missing) == 0 {
		return []rapbot.Check{{Name: "Rights in the clusters", Verdict: rapbot.Pass, Detail: "all that rapbot asks for"}}
	}
	var checks []rapbot.Check
	for _, m := range missing {
		checks = append(checks, rapbot.Check{Name: "Rights in the clusters", Verdict: rapbot.Fail, Detail: m, Fix: "Install the Role of charts/rapbot there."})
	}
	return checks
}

func releaseChecks(ctx context.Context, c *config.Config, k *clusters) []rapbot.Check {
	var checks []rapbot.Check
	for _, r := range c.Regions {
		if !r.Kubernetes.Configured() {
			continue
		}
		for _, part := range []rapbot.Part{rapbot.App, rapbot.Database} {
			check := rapbot.Check{Name: fmt.Sprintf("Release of %s in %s", part.Noun(), r.Name), Verdict: rapbot.Pass}
			release, err := k.releases.Release(ctx, r.Name, part)
			switch {
			case rapbot.ErrorCode(err) == rapbot.NotFound:
				check.Verdict, check.Detail, check.Fix = rapbot.Warn, "it is not installed", "Install it with /rap deploy <version> --all."
			case err != nil:
				check.Verdict, check.Detail = rapbot.Fail, strings.TrimSuffix(err.Error(), ".")
			case release.Pending():
				check.Verdict, check.Detail = rapbot.Warn, fmt.Sprintf("revision %d is %s: an upgrade was cut off; the next one mends it", release.Revision, release.Status)
			default:
				check.Detail = fmt.Sprintf("%s, revision %d, %s", release.Version, release.Revision, release.Status)
			}
			checks = append(checks, check)
		}
	}
	return checks
}
