package config

import "time"

// Config is everything rapbot needs to be told.
type Config struct {
	Slack        Slack        `yaml:"slack"`
	Approvals    Approvals    `yaml:"approvals"`
	Regions      []Region     `yaml:"regions" required:"list the regions, two or more"` // In display order.
	Limits       Limits       `yaml:"limits"`
	Deploy       Deploy       `yaml:"deploy"`
	Alertmanager Alertmanager `yaml:"alertmanager"`
	Replication  Replication  `yaml:"replication"`
	Prometheus   Prometheus   `yaml:"prometheus"`
	Health       Health       `yaml:"health"`
	Drills       Drills       `yaml:"drills"`
	Journal      Journal      `yaml:"journal"`
	Log          Log          `yaml:"log"`
}

// Slack is the workspace rapbot talks in, over Socket Mode.
type Slack struct {
	BotToken Secret `yaml:"bot_token" required:"write {env: RAPBOT_SLACK_BOT_TOKEN}"` // Begins with xoxb-.
	AppToken Secret `yaml:"app_token" required:"write {env: RAPBOT_SLACK_APP_TOKEN}"` // Begins with xapp-; scope connections:write.

	// APIURL is the base of the Web API. It always ends with a slash, and is
	// https unless it is on this machine.
	APIURL string `yaml:"api_url" default:"https://slack.com/api/"`

	// Connections is how many Socket Mode connections are held at once. With
	// two, one is up while Slack refreshes the other.
	Connections int `yaml:"connections" default:"2" range:"1..10"`

	Channels Channels `yaml:"channels"`
}

// Channels are where rapbot speaks. Each is a channel ID, never a name: a name
// can be given to another channel.
type Channels struct {
	Operations string `yaml:"operations" required:"write the ID of the channel for operations"`
	Alerts     string `yaml:"alerts" required:"write the ID of the channel for alerts; it may be the same channel"`
}

// Approvals says who may approve, as Slack IDs. Names are refused, because
// anybody can change theirs. At least one user or group is needed.
type Approvals struct {
	Users  []string `yaml:"users"`  // User IDs.
	Groups []string `yaml:"groups"` // User group IDs; members are looked up at the moment of a decision.

	// ExpireAfter is how long a request waits for its approval.
	ExpireAfter time.Duration `yaml:"expire_after" default:"10m" range:"1m..24h"`
}

// Region is one place that serves.
type Region struct {
	// Name is what people type: lower-case letters, digits and hyphens.
	Name string `yaml:"name" required:"name the region, such as us-east-1"`

	// Slot is the physical replication slot that feeds this region's replica:
	// 1 to 63 of a-z, 0-9 and _. Left out, it is the short form of the name,
	// use1 for us-east-1.
	Slot string `yaml:"slot"`

	Postgres Postgres `yaml:"postgres"`
	Instance Instance `yaml:"instance"`
	BootGate BootGate `yaml:"boot_gate"`

	Kubernetes Kubernetes `yaml:"kubernetes"`
}

// BootGate is the script that every server is to be started by: it keeps a
// region that comes back from becoming a second primary.
type BootGate struct {
	// SelfFence is after how long without any other region a primary stops by
	// itself: GATE_SELF_FENCE of the script. Zero: there is no boot gate.
	SelfFence time.Duration `yaml:"self_fence" default:"0s" range:"0s..10m"`
}

// Postgres is how rapbot's own login reaches the server of a region.
type Postgres struct {
	// DSN is a connection string, keyword/value or URL, for exactly one server
	// and without a password in it.
	DSN string `yaml:"dsn" required:"write \"host=… port=… user=rapbot dbname=… sslmode=verify-full\""`

	// Password is optional: a client certificate or a .pgpass file do as well.
	Password Secret `yaml:"password"`

	// ReplicationAddress is the host:port under which the servers of the other
	// regions reach this one. Left out, it is the host and port of DSN; empty
	// when that names a socket.
	ReplicationAddress string `yaml:"replication_address"`
}

// Instance is how the server of a region is started and stopped. Each command
// is run as it stands, without a shell, and is successful when it exits 0. Where
// the region's Kubernetes runs the server, the commands are left out: all of them.
type Instance struct {
	StartPrimary Command `yaml:"start_primary"`
	StartReplica Command `yaml:"start_replica"`
	Stop         Command `yaml:"stop"`

	// Status exits 0 when the server is running and 3 when it is stopped, as
	// pg_ctl does. Anything else counts as not known.
	Status Command `yaml:"status"`

	// Timeout is how long one of these commands may take.
	Timeout time.Duration `yaml:"timeout" default:"2m" range:"1s..30m"`

	// Divergence, Rewind and Rebuild act on the data of the stopped server: all
	// of them are given, or none. Their words may hold {host}, {port} and
	// {region} of the server to compare with or to copy, and Divergence's {from}.
	Divergence Command `yaml:"divergence"`
	Rewind     Command `yaml:"rewind"`
	Rebuild    Command `yaml:"rebuild"`

	// CopyTimeout is how long Rewind and Rebuild may take; Timeout is Divergence's.
	CopyTimeout time.Duration `yaml:"copy_timeout" default:"12h" range:"1m..168h"`
}

// Given says whether the commands that start and stop the server are given.
func (i Instance) Given() bool {
	return len(i.StartPrimary)+len(i.StartReplica)+len(i.Stop)+len(i.Status) > 0
}

// HasVolume says whether the commands that act on the data are given.
func (i Instance) HasVolume() bool { return len(i.Divergence) > 0 }

// Command is a program and its arguments.
type Command []string

// Limits bound what rapbot does by itself and how it looks at the regions.
type Limits struct {
	// MaxLag and MaxLagBytes: a switchover to a replica further behind than
	// either of them is refused.
	MaxLag      time.Duration `yaml:"max_lag" default:"30s" range:"1s..24h"`
	MaxLagBytes Size          `yaml:"max_lag_bytes" default:"16MiB" range:"1B..1024GiB"`

	// ObserveEvery is the pause between two looks at the same region, and
	// ObserveTimeout how long one look waits for an answer.
	ObserveEvery   time.Duration `yaml:"observe_every" default:"1s" range:"10ms..1m"`
	ObserveTimeout time.Duration `yaml:"observe_timeout" default:"2s" range:"10ms..1m"`

	// ApplicationUsers are the database users counted as writers. Empty means
	// everybody but rapbot, replication and superuser maintenance.
	ApplicationUsers []string `yaml:"application_users"`
}

// Alertmanager is the webhook that takes alerts in.
type Alertmanager struct {
	Listen string   `yaml:"listen" default:"127.0.0.1:9095"` // host:port.
	Tokens []Secret `yaml:"tokens"`                          // Bearer tokens; any one of them is accepted, so that they can be rotated.

	// BasicAuth are users with their passwords. Any one of them, or of the
	// tokens, is accepted.
	BasicAuth []BasicAuth `yaml:"basic_auth"`

	TLS TLS `yaml:"tls"`

	// MaxBody is the longest request that is read.
	MaxBody Size `yaml:"max_body" default:"1MiB" range:"1KiB..64MiB"`

	// Templates are files of Alertmanager's own templates, as globs, relative
	// to the folder of the configuration file. Slack is what is rendered with
	// them, nil for the built-in card.
	Templates []string    `yaml:"templates"`
	Slack     *SlackBlock `yaml:"slack"`

	// API is where silences are made and looked up.
	API AlertmanagerAPI `yaml:"api"`

	// InsecureAllowUnauthenticated permits a listen address that other machines
	// can reach without any token, user or client CA, which is otherwise a problem.
	InsecureAllowUnauthenticated bool `yaml:"insecure_allow_unauthenticated"`

	Routes   []Route  `yaml:"routes"` // The first that matches wins.
	Watchdog Watchdog `yaml:"watchdog"`
	Escalate Escalate `yaml:"escalate"`
}

// BasicAuth is a user of the webhook.
type BasicAuth struct {
	Username string `yaml:"username" required:"write the username of Alertmanager's basic_auth"`
	Password Secret `yaml:"password" required:"write {env: NAME} or {file: path}"`
}

// TLS is how the webhook is served over TLS. The files are PEM, relative to the
// folder of the configuration file, and read again when they change.
type TLS struct {
	CertFile string `yaml:"cert_file" default:""`
	KeyFile  string `yaml:"key_file" default:""`

	// ClientCAFile says whose certificates clients must have, and ClientNames of
	// which names one must be in them: a DNS name, a URI or the common name.
	ClientCAFile string   `yaml:"client_ca_file" default:""`
	ClientNames  []string `yaml:"client_names"`
}

// Served says whether the webhook is served over TLS.
func (t TLS) Served() bool { return t.CertFile != "" }

// Route sends the alert groups that it matches to a channel.
type Route struct {
	Match        Labels `yaml:"match" xml:"-" required:"write the labels that an alert must have, such as {severity: critical}"`
	Channel      string `yaml:"channel" required:"write the ID of a channel"`
	MentionGroup string `yaml:"mention_group" default:""` // User group ID, in place of escalate.group.
}

// Labels are the values that labels must have; one that begins with ~ is a
// regular expression for the whole value. XML, which a test writes, has no maps.
type Labels map[string]string

// Watchdog is the alert that always fires, so that its absence says something.
type Watchdog struct {
	Match     Labels        `yaml:"match" xml:"-"`                           // Left out, alertname: Watchdog.
	SilentFor time.Duration `yaml:"silent_for" default:"0s" range:"0s..24h"` // Zero: there is no watchdog.
}

// Escalate calls a user group when nobody acknowledges a critical alert.
type Escalate struct {
	After time.Duration `yaml:"after" default:"0s" range:"0s..24h"` // Zero: nobody is called.
	Group string        `yaml:"group" default:""`                   // User group ID.
}

// Replication is what rapbot says of alerts about replication.
type Replication struct {
	// Explain are the names of alerts that are explained in the thread of their
	// card, with * for any letters. An empty list explains none.
	Explain []string `yaml:"explain"`

	// AlertAbove is the lag above which they fire, the line in pictures of it.
	AlertAbove time.Duration `yaml:"alert_above" default:"5m" range:"1s..24h"`
}

// Prometheus knows the past lag, if it is given.
type Prometheus struct {
	URL   string `yaml:"url" default:""` // Of its web page; empty for none.
	Token Secret `yaml:"token"`          // A bearer token, optional.

	// LagQuery and LagBytesQuery return one series a region, with the label
	// region: seconds, and bytes.
	LagQuery      string `yaml:"lag_query" default:"max by (region) (rap_replication_lag_seconds)"`
	LagBytesQuery string `yaml:"lag_bytes_query" default:"scalar(max(rap_replication_primary_position_bytes)) - max by (region) (rap_replication_replayed_bytes)"`
}

// AlertmanagerAPI is how rapbot reaches Alertmanager itself. Without an address
// there are no silences.
type AlertmanagerAPI struct {
	URLs []string `yaml:"urls"` // Of the members of one cluster; the first that answers is asked.

	// Token is a bearer token; Username and Password are basic authentication.
	// At most one of the two is given.
	Token    Secret `yaml:"token"`
	Username string `yaml:"username" default:""`
	Password Secret `yaml:"password"`

	// LongestSilence is how long a silence may last that is asked for in chat.
	LongestSilence time.Duration `yaml:"longest_silence" default:"24h" range:"1m..720h"`
}

// Configured says whether there is an Alertmanager to ask.
func (a AlertmanagerAPI) Configured() bool { return len(a.URLs) > 0 }

// Drills are exercises.
type Drills struct {
	// AllowEmergency permits drills that give a healthy primary up as if it
	// were lost.
	AllowEmergency bool `yaml:"allow_emergency"`
}

// Health is where rapbot answers questions about its own health.
type Health struct {
	Listen string `yaml:"listen" default:"127.0.0.1:9096"` // host:port.
}

// Journal is the memory of operations.
type Journal struct {
	Path string `yaml:"path" default:"rapbot.db"` // Relative to the folder of the configuration file.
}

// Log is what rapbot writes to its standard error.
type Log struct {
	Level  string `yaml:"level" default:"info" oneof:"debug info warn error"`
	Format string `yaml:"format" default:"json" oneof:"json console"`
}
