package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// RegionConfig is one region's server.
type RegionConfig struct {
	Name     string
	Slot     string // the slot that this region streams from, and its application_name
	DSN      string // of exactly one server, by the login rapbot
	Password string // takes the place of the one in DSN, if any
	Instance rapbot.Instance
	Volume   rapbot.Volume // nil when rapbot has not been told how to reach its data

	// SelfFence is after how long without any other region a primary here stops
	// by itself; its boot gate sees to that. Zero means that it has none.
	SelfFence time.Duration
	// ReplicationAddress is host:port at which the other regions' servers reach
	// this one; that of DSN when empty.
	ReplicationAddress string
}

// Options say how the fleet is observed. Their zero value will do.
type Options struct {
	Every            time.Duration // between two looks at the same region; one second
	Timeout          time.Duration // for one look, connecting included; two seconds
	ApplicationUsers []string      // whose sessions are ended before a switchover; everybody's when empty
	Clock            Clock
	Log              *zap.Logger
}

// Clock is the time. Deadlines are kept by the machine's own.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// Open makes a Fleet. It connects to nothing, so that a dark region keeps
// nobody waiting; Run begins to look.
func Open(_ context.Context, configs []RegionConfig, opt Options) (*Fleet, error) {
	if opt.Every <= 0 {
		opt.Every = time.Second
	}
	if opt.Timeout <= 0 {
		opt.Timeout = 2 * time.Second
	}
	if opt.Clock == nil {
		opt.Clock = systemClock{}
	}
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	f := &Fleet{opt: opt, log: opt.Log}
	var trouble []error
	seen := map[string]string{}
	for _, c := range configs {
		l, err := newLink(c, opt.Timeout)
		if err != nil {
			trouble = append(trouble, fmt.Errorf("region %s: %w", c.Name, err))
			continue
		}
		for _, key := range []string{"name " + c.Name, "slot " + c.Slot, "server " + l.address()} {
			if other, taken := seen[key]; taken {
				trouble = append(trouble, fmt.Errorf("region %s: the same %s as %s", c.Name, key, other))
			}
			seen[key] = c.Name
		}
		f.regions = append(f.regions, &region{RegionConfig: c, link: l, memory: newMemory(c.Name)})
	}
	if len(trouble) > 0 {
		return nil, errors.Join(trouble...)
	}
	f.publish()
	return f, nil
}

// Close ends the connections. What is under way fails.
func (f *Fleet) Close() {
	for _, r := range f.regions {
		r.link.close()
	}
}

// region is one region with what reaches it and what is known of it.
type region struct {
	RegionConfig
	link   *link
	memory *memory
}

// connection reads a region's connection string. The driver's own words are
// not repeated: they quote the string, password and all (R10).
func connection(c RegionConfig, timeout time.Duration) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(c.DSN)
	if err != nil {
		return nil, errors.New(`dsn: not a connection string; write "host=… port=… user=rapbot dbname=…"`)
	}
	for _, other := range config.Fallbacks {
		// A second host would let a step meant for this region reach another one.
		if other.Host != config.Host || other.Port != config.Port {
			return nil, errors.New("dsn: several servers; name only the one of this region")
		}
	}
	if config.ValidateConnect != nil {
		return nil, errors.New("dsn: target_session_attrs; leave it out, the server is asked whatever its role is")
	}
	if c.Password != "" {
		config.Password = c.Password
	}
	if config.ConnectTimeout <= 0 || config.ConnectTimeout > timeout {
		config.ConnectTimeout = timeout
	}
	// One round trip for each statement, whatever has been prepared before; the
	// two questions that are asked all the time ask to be prepared.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	for name, value := range map[string]string{
		"application_name":                    "rapbot",
		"timezone":                            "UTC",
		"statement_timeout":                   "60s", // a checkpoint is the longest of them
		"lock_timeout":                        "5s",
		"idle_in_transaction_session_timeout": "10s",
		// rapbot's small writes wait for no replica; the one that must says so.
		"synchronous_commit": "local",
	} {
		config.RuntimeParams[name] = value
	}
	return config, nil
}

// systemClock is the time of this machine.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
