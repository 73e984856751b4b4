package main

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/config"
	"github.com/rap-analyzer/rapbot/integrations/argv"
	"github.com/rap-analyzer/rapbot/integrations/postgres"
	"github.com/rap-analyzer/rapbot/integrations/prometheus"
)

// openFleet makes the adapters for the regions. It connects to nothing yet: a
// dark region must not keep rapbot from starting (R9).
func openFleet(ctx context.Context, c *config.Config, k *clusters, log *zap.Logger) (*postgres.Fleet, []rapbot.Site, error) {
	var regions []postgres.RegionConfig
	var sites []rapbot.Site
	for _, r := range c.Regions {
		instance, volume, err := runnerOf(c, r, k)
		if err != nil {
			return nil, nil, err
		}
		regions = append(regions, postgres.RegionConfig{
			Name: r.Name, Slot: r.Slot, DSN: r.Postgres.DSN, Password: r.Postgres.Password.Reveal(), Instance: instance, Volume: volume,
			SelfFence: r.BootGate.SelfFence, ReplicationAddress: r.Postgres.ReplicationAddress,
		})
		sites = append(sites, siteOf(r, volume != nil))
	}
	fleet, err := postgres.Open(ctx, regions, postgres.Options{
		Every: c.Limits.ObserveEvery, Timeout: c.Limits.ObserveTimeout, ApplicationUsers: c.Limits.ApplicationUsers, Clock: machineClock(), Log: log.Named("postgres"),
	})
	if k != nil && err == nil {
		k.topology = fleet.Topology
	}
	return fleet, sites, err
}

func siteOf(r config.Region, volume bool) rapbot.Site {
	s := rapbot.Site{Name: r.Name, Slot: r.Slot, Instance: true, Volume: volume, SelfFence: r.BootGate.SelfFence}
	if host, port, err := net.SplitHostPort(r.Postgres.ReplicationAddress); err == nil && r.Kubernetes.Configured() {
		s.Host, s.App, s.Release = host, true, !r.Instance.Given()
		s.Port, _ = strconv.Atoi(port) // the configuration has checked that it is one
	}
	return s
}

// runnerOf is what stops and starts a region's server and reaches its data: the
// commands where they are given, else the region's Kubernetes. The volume is nil,
// and no typed nil, where nothing reaches them.
func runnerOf(c *config.Config, r config.Region, k *clusters) (rapbot.Instance, rapbot.Volume, error) {
	if !r.Instance.Given() {
		return k.runs(r.Name)
	}
	instance := argv.New(argv.Config{
		StartPrimary: r.Instance.StartPrimary, StartReplica: r.Instance.StartReplica,
		Stop: r.Instance.Stop, Status: r.Instance.Status, Timeout: r.Instance.Timeout,
	})
	return instance, volumeOf(r.Instance, sourcesOf(c)), nil
}

// volumeOf is nil, and no typed nil, for a region without the commands.
func volumeOf(i config.Instance, sources map[string]string) rapbot.Volume {
	if !i.HasVolume() {
		return nil
	}
	return argv.NewVolume(argv.VolumeConfig{
		Divergence: i.Divergence, Rewind: i.Rewind, Rebuild: i.Rebuild, Sources: sources, Timeout: i.Timeout, CopyTimeout: i.CopyTimeout,
	})
}

// volumes are the data that rapbot can get at, by region.
func volumes(c *config.Config, k *clusters) (map[string]rapbot.Volume, error) {
	out := map[string]rapbot.Volume{}
	for _, r := range c.Regions {
		switch _, v, err := runnerOf(c, r, k); {
		case err != nil:
			return nil, err
		case v != nil:
			out[r.Name] = v
		}
	}
	return out, nil
}

// sourcesOf are the addresses at which the regions' servers reach each other.
func sourcesOf(c *config.Config) map[string]string {
	sources := map[string]string{}
	for _, r := range c.Regions {
		if r.Postgres.ReplicationAddress != "" {
			sources[r.Name] = r.Postgres.ReplicationAddress
		}
	}
	return sources
}

func limits(c *config.Config) rapbot.Limits {
	return rapbot.Limits{MaxLag: c.Limits.MaxLag, MaxLagBytes: int64(c.Limits.MaxLagBytes)}
}

// openPrometheus is nil when there is none.
func openPrometheus(c *config.Config) (*prometheus.Lag, error) {
	if c.Prometheus.URL == "" {
		return nil, nil
	}
	var regions []string
	for _, r := range c.Regions {
		regions = append(regions, r.Name)
	}
	return prometheus.New(prometheus.Config{
		URL: c.Prometheus.URL, Token: c.Prometheus.Token.Reveal(), LagQuery: c.Prometheus.LagQuery, LagBytesQuery: c.Prometheus.LagBytesQuery, ErrorQuery: c.Deploy.ErrorQuery, Regions: regions,
	})
}

func newLogger(c config.Log) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	z := zap.NewProductionConfig()
	z.Level = zap.NewAtomicLevelAt(level)
	z.Encoding = c.Format
	z.EncoderConfig.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	z.EncoderConfig.TimeKey = "at"
	z.DisableStacktrace = true
	z.Sampling = nil // what an incident review needs must not be sampled away
	return z.Build()
}
