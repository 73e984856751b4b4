package main

import (
	"context"
	"fmt"

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
func openFleet(ctx context.Context, c *config.Config, log *zap.Logger) (*postgres.Fleet, []rapbot.Site, error) {
	var regions []postgres.RegionConfig
	var sites []rapbot.Site
	sources := sourcesOf(c)
	for _, r := range c.Regions {
		instance := argv.New(argv.Config{
			StartPrimary: r.Instance.StartPrimary, StartReplica: r.Instance.StartReplica,
			Stop: r.Instance.Stop, Status: r.Instance.Status, Timeout: r.Instance.Timeout,
		})
		regions = append(regions, postgres.RegionConfig{
			Name: r.Name, Slot: r.Slot, DSN: r.Postgres.DSN, Password: r.Postgres.Password.Reveal(), Instance: instance, Volume: volumeOf(r.Instance, sources),
			SelfFence: r.BootGate.SelfFence, ReplicationAddress: r.Postgres.ReplicationAddress,
		})
		sites = append(sites, rapbot.Site{Name: r.Name, Slot: r.Slot, Instance: true, Volume: r.Instance.HasVolume(), SelfFence: r.BootGate.SelfFence})
	}
	fleet, err := postgres.Open(ctx, regions, postgres.Options{
		Every: c.Limits.ObserveEvery, Timeout: c.Limits.ObserveTimeout, ApplicationUsers: c.Limits.ApplicationUsers, Clock: machineClock(), Log: log.Named("postgres"),
	})
	return fleet, sites, err
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
func volumes(c *config.Config) map[string]rapbot.Volume {
	out := map[string]rapbot.Volume{}
	sources := sourcesOf(c)
	for _, r := range c.Regions {
		if v := volumeOf(r.Instance, sources); v != nil {
			out[r.Name] = v
		}
	}
	return out
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

// lagHistories is Prometheus, when there is one.
func lagHistories(c *config.Config) ([]rapbot.LagHistory, error) {
	if c.Prometheus.URL == "" {
		return nil, nil
	}
	var regions []string
	for _, r := range c.Regions {
		regions = append(regions, r.Name)
	}
	lag, err := prometheus.New(prometheus.Config{
		URL: c.Prometheus.URL, Token: c.Prometheus.Token.Reveal(), LagQuery: c.Prometheus.LagQuery, LagBytesQuery: c.Prometheus.LagBytesQuery, Regions: regions,
	})
	if err != nil {
		return nil, err
	}
	return []rapbot.LagHistory{lag}, nil
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
