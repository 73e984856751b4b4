package world

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Facts is world.json: where everything is.
type Facts struct {
	Page     string         `json:"page"`
	Slack    SlackFacts     `json:"slack"`
	People   []PersonFacts  `json:"people"`
	Channels []ChannelFacts `json:"channels"`
	Regions  []RegionFacts  `json:"regions"`
	Writer   WriterFacts    `json:"writer"`
	Webhook  WebhookFacts   `json:"webhook"`
	Bot      BotFacts       `json:"bot"`
	Lab      LabFacts       `json:"lab"`
}

// SlackFacts is how an app reaches the workspace.
type SlackFacts struct {
	API      string `json:"api"`
	BotToken string `json:"bot_token"`
	AppToken string `json:"app_token"`
}

// PersonFacts is one person of the workspace.
type PersonFacts struct {
	Name string `json:"name"`
	ID   string `json:"id"`
	Role string `json:"role"`
}

// ChannelFacts is one channel of the workspace.
type ChannelFacts struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

// RegionFacts is one region's server.
type RegionFacts struct {
	Name     string `json:"name"`
	DSN      string `json:"dsn"`       // rapbot's login
	AdminDSN string `json:"admin_dsn"` // a superuser's
	DataDir  string `json:"data_dir"`
	Log      string `json:"log"`
}

// WriterFacts is where the writer's figures are.
type WriterFacts struct {
	Counters string `json:"counters"`
	Acked    string `json:"acked"`
	Check    string `json:"check"`
}

// WebhookFacts is where Alertmanager posts.
type WebhookFacts struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

// BotFacts is the running bot.
type BotFacts struct {
	Health  string `json:"health"`
	PID     int    `json:"pid"`
	Binary  string `json:"binary"`
	Config  string `json:"config"`
	Journal string `json:"journal"`
	Log     string `json:"log"`
}

// LabFacts is the lab's own process.
type LabFacts struct {
	PID int `json:"pid"`
}

const factsFile = "world.json"

// write replaces world.json in one step, so that nobody reads half of it.
func (f Facts) write(dir string) error {
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, factsFile)
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// ReadFacts reads the world.json of the lab in dir.
func ReadFacts(dir string) (Facts, error) {
	var f Facts
	b, err := os.ReadFile(filepath.Join(dir, factsFile))
	if err != nil {
		return f, fmt.Errorf("no lab runs in %s: %w", dir, err)
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return f, fmt.Errorf("read %s: %w", factsFile, err)
	}
	return f, nil
}
