package workspace

import (
	"io/fs"
	"time"
)

// Person is a member of the workspace.
type Person struct {
	Name     string `json:"name"` // handle, as in @alice
	ID       string `json:"id"`
	Role     string `json:"role"` // requester, approver, member or guest
	RealName string `json:"real_name"`
	DM       string `json:"dm"` // the person's conversation with the app

	Restricted bool   `json:"is_restricted,omitempty"` // a guest
	Deleted    bool   `json:"deleted,omitempty"`       // a deactivated account
	Bot        bool   `json:"is_bot,omitempty"`
	Stranger   bool   `json:"is_stranger,omitempty"` // from another workspace, through Slack Connect
	Email      string `json:"-"`
}

// Channel is a conversation with a name.
type Channel struct {
	Name     string   `json:"name"`
	ID       string   `json:"id"`
	Private  bool     `json:"private,omitempty"`
	Archived bool     `json:"archived,omitempty"`
	Topic    string   `json:"topic,omitempty"`
	Members  []string `json:"members"` // names or user ids; the app is a member when its name is among them
	AppIn    bool     `json:"app_in"`  // whether the app is a member
}

// Group is a user group, mentioned as @handle.
type Group struct {
	ID      string   `json:"id"`
	Handle  string   `json:"handle"`
	Name    string   `json:"name"`
	Members []string `json:"members"` // names or user ids
}

// Command is a slash command of the app, as its manifest declares it.
type Command struct {
	Command      string `json:"command"`
	Description  string `json:"description"`
	UsageHint    string `json:"usage_hint"`
	ShouldEscape bool   `json:"should_escape"`
}

// Options shape a workspace. The zero value is a complete one: five people, three channels, the app rap.
type Options struct {
	Clock func() time.Time // Slack's clock; time.Now when nil

	Team     string // the workspace's name
	AppName  string
	BotToken string // xoxb-…
	AppToken string // xapp-…
	Scopes   []string
	Events   []string // subscribed bot events

	People   []Person
	Channels []Channel
	Groups   []Group
	Commands []Command

	PageFS fs.FS // serves / and /static/; nil answers 404

	AckTimeout  time.Duration   // 3 s
	PingEvery   time.Duration   // 10 s
	RetryDelays []time.Duration // before each redelivery of an event: at once, 1 min, 5 min
	TriggerLife time.Duration   // 3 s
	AnswerLife  time.Duration   // life of a response_url, 30 min
	UploadLife  time.Duration   // of an upload URL, and of a file that nobody completes, 10 min
	ShareAfter  time.Duration   // from a file's completion to its message, 30 ms

	// Strict refuses a message or view that does not fit the schema of Slack's own types, with the reason.
	Strict bool
	// Unlimited takes every rate limit away, for a test whose clock stands still.
	Unlimited bool
}

// DefaultScopes are the bot scopes of rapbot's manifest.
var DefaultScopes = []string{
	"commands", "chat:write", "im:write", "im:read", "im:history", "users:read", "usergroups:read", "app_mentions:read",
	"channels:read", "groups:read", "channels:history", "groups:history", "files:write", "reactions:write",
}

// withDefaults fills what was left out.
func (o Options) withDefaults() Options {
	setTime(&o.AckTimeout, 3*time.Second)
	setTime(&o.PingEvery, 10*time.Second)
	setTime(&o.TriggerLife, 3*time.Second)
	setTime(&o.AnswerLife, 30*time.Minute)
	setTime(&o.UploadLife, 10*time.Minute)
	setTime(&o.ShareAfter, 30*time.Millisecond)
	setText(&o.Team, "Rap Analyzer")
	setText(&o.AppName, "rap")
	setText(&o.BotToken, "xoxb-7013285549201-7013285549301-labWorkspaceBotToken")
	setText(&o.AppToken, "xapp-1-A07RAPBOT01-7013285549401-labWorkspaceAppToken")
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.RetryDelays == nil {
		o.RetryDelays = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	if o.Scopes == nil {
		o.Scopes = DefaultScopes
	}
	if o.Events == nil {
		o.Events = []string{"app_home_opened", "app_mention", "message.im", "member_joined_channel"}
	}
	if o.People == nil {
		o.People = defaultPeople()
	}
	if o.Groups == nil {
		o.Groups = []Group{{ID: "S0ONCALL", Handle: "rap-approvers", Name: "RAP approvers", Members: []string{"bob", "carol"}}}
	}
	if o.Channels == nil {
		o.Channels = defaultChannels(o.AppName)
	}
	if o.Commands == nil {
		o.Commands = []Command{{
			Command: "/" + o.AppName, Description: "Inspect and operate the platform",
			UsageHint: "status | deploy <svc> <ver> | failover <region> | help", ShouldEscape: true,
		}}
	}
	return o
}

func defaultPeople() []Person {
	return []Person{
		{Name: "alice", ID: "U07ALICE001", Role: "requester", RealName: "Alice Arden"},
		{Name: "bob", ID: "U07BOB00002", Role: "approver", RealName: "Bob Bright"},
		{Name: "carol", ID: "U07CAROL003", Role: "approver", RealName: "Carol Cole"},
		{Name: "mallory", ID: "U07MALLORY4", Role: "member", RealName: "Mallory Marsh"},
		{Name: "gina", ID: "U07GINA0005", Role: "guest", RealName: "Gina Grey", Restricted: true},
	}
}

func defaultChannels(app string) []Channel {
	everybody := []string{"alice", "bob", "carol", "mallory", "gina"}
	return []Channel{
		{Name: "rap-ops", ID: "C07RAPOPS01", Topic: "Operations of the fleet", Members: append([]string{app}, everybody...)},
		{Name: "rap-alerts", ID: "C07RAPALRT2", Topic: "Replication alerts", Members: append([]string{app}, everybody...)},
		{Name: "general", ID: "C07GENERAL3", Topic: "Everybody", Members: everybody},
	}
}

func setTime(have *time.Duration, fallback time.Duration) {
	if *have == 0 {
		*have = fallback
	}
}

func setText(have *string, fallback string) {
	if *have == "" {
		*have = fallback
	}
}
