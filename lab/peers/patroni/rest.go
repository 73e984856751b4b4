package patroni

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/lab/wait"
)

// Member is a node as Patroni's REST API lists it.
type Member struct {
	Name     string          `json:"name"`
	Role     string          `json:"role"`
	State    string          `json:"state"`
	Timeline int             `json:"timeline"`
	Lag      json.RawMessage `json:"lag"` // bytes, or "unknown"; a leader has none
}

func (m Member) leads() bool { return m.Role == "leader" && m.State == "running" }

// follows says whether the node streams, or runs and lags by nothing: this version says running of both.
func (m Member) follows() bool {
	return m.Role == "replica" && (m.State == "streaming" || m.State == "running" && string(m.Lag) == "0")
}

// members asks one node after the other, since any of them may be down.
func (c *Cluster) members(ctx context.Context) ([]Member, error) {
	err := fmt.Errorf("no node runs")
	for _, n := range c.nodes {
		if n.process == nil || !n.process.Alive() {
			continue
		}
		var answer struct {
			Members []Member `json:"members"`
		}
		if err = getJSON(ctx, "http://"+n.rest.Addr()+"/cluster", &answer); err == nil {
			return answer.Members, nil
		}
	}
	return nil, fmt.Errorf("ask patroni: %w", err)
}

// Primary is the node that holds the leader key and runs as a primary.
func (c *Cluster) Primary(ctx context.Context) (string, error) {
	members, err := c.members(ctx)
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(members, Member.leads); i >= 0 {
		return members[i].Name, nil
	}
	return "", fmt.Errorf("no node leads: %+v", members)
}

// await waits until the list of members is as wanted.
func (c *Cluster) await(ctx context.Context, what string, so func([]Member) bool) error {
	var members []Member
	var last error
	err := wait.Until(ctx, 50*time.Millisecond, func() bool {
		members, last = c.members(ctx)
		return last == nil && so(members)
	})
	if err != nil {
		return fmt.Errorf("await that %s: %w; members %+v, last answer %v; log of %s: %s", what, err, members, last, c.nodes[0].name, lastWords(c.nodes[0].dir+"/log"))
	}
	return nil
}

// AwaitWhole waits until one node leads, all the others follow it on its timeline, and its PostgreSQL streams to them. Without the last, Patroni
// takes a replica that has yet to connect for one that lags by nothing, and a switchover to it loses rows.
func (c *Cluster) AwaitWhole(ctx context.Context) error {
	return c.await(ctx, "one leads and streams to the others", func(members []Member) bool {
		leader, followers := "", 0
		for _, m := range members {
			switch {
			case m.Timeline != members[0].Timeline:
			case m.leads():
				leader = m.Name
			case m.follows():
				followers++
			}
		}
		return leader != "" && followers == len(c.nodes)-1 && c.find(leader).streams(ctx) == followers
	})
}

// Switchover makes a node the primary as planned, and comes back with Patroni's answer.
func (c *Cluster) Switchover(ctx context.Context, to string) error {
	from, err := c.Primary(ctx)
	if err != nil {
		return fmt.Errorf("switch over to %s: %w", to, err)
	}
	leader := c.find(from)
	wish, err := json.Marshal(map[string]string{"leader": from, "candidate": to})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+leader.rest.Addr()+"/switchover", bytes.NewReader(wish))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	words, err := do(req)
	if err != nil {
		return fmt.Errorf("switch over to %s: %w", to, err)
	}
	if !strings.HasSuffix(string(words), `to "`+to+`"`) { // it may have taken another than the one named
		return fmt.Errorf("switch over to %s: patroni answers: %s", to, words)
	}
	return nil
}

// KillPrimary ends the primary and its Patroni as a machine that dies, and says which node it was.
func (c *Cluster) KillPrimary(ctx context.Context) (string, error) {
	name, err := c.Primary(ctx)
	if err != nil {
		return "", err
	}
	return name, c.find(name).kill()
}

// Revive starts a killed node again.
func (c *Cluster) Revive(name string) error {
	n := c.find(name)
	if n == nil || n.process.Alive() {
		return fmt.Errorf("revive %s: it is not a dead node", name)
	}
	return n.launch()
}

func (c *Cluster) find(name string) *node {
	if i := slices.IndexFunc(c.nodes, func(n *node) bool { return n.name == name }); i >= 0 {
		return c.nodes[i]
	}
	return nil
}

func getJSON(ctx context.Context, url string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	body, err := do(req)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// do makes a request whose answer must be 200.
func do(req *http.Request) ([]byte, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return body, err
}
