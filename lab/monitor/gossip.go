package monitor

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// member is how one Alertmanager takes part in the gossip.
type member struct {
	own  loopback.Reservation // where it listens
	wire *wire                // how the others reach it; what it says of itself is this address
}

func newMember() (member, error) {
	own, err := reserveBoth()
	if err != nil {
		return member{}, err
	}
	w, err := newWire(own.Addr())
	if err != nil {
		own.Release()
		return member{}, err
	}
	return member{own, w}, nil
}

// gossip is what the i-th Alertmanager is told of the others. They look for one
// that was lost each second instead of each ten.
func (m *Monitor) gossip(i int) []string {
	if len(m.members) == 0 {
		return []string{"--cluster.listen-address="}
	}
	args := []string{
		"--cluster.listen-address=" + m.members[i].own.Addr(), "--cluster.advertise-address=" + m.members[i].wire.addr(),
		"--cluster.reconnect-interval=1s",
	}
	for j, other := range m.members {
		if j != i {
			args = append(args, "--cluster.peer="+other.wire.addr())
		}
	}
	return args
}

// CutGossip has none of the Alertmanagers hear of another one any more. All else
// that they are told, and say, is as before.
func (m *Monitor) CutGossip() { m.setGossip(true) }

// HealGossip lets them hear of each other again.
func (m *Monitor) HealGossip() { m.setGossip(false) }

func (m *Monitor) setGossip(cut bool) {
	for _, each := range m.members {
		each.wire.set(cut)
	}
}

// Members is how many the i-th Alertmanager knows of, itself among them. It is 0
// until that has settled.
func (m *Monitor) Members(ctx context.Context, i int) (int, error) {
	said, err := get(ctx, m.AlertmanagerURLs()[i]+"/api/v2/status")
	if err != nil {
		return 0, err
	}
	var status struct {
		Cluster struct {
			Status string     `json:"status"`
			Peers  []struct{} `json:"peers"`
		} `json:"cluster"`
	}
	if err := json.Unmarshal([]byte(said), &status); err != nil {
		return 0, fmt.Errorf("read the status of an Alertmanager: %w", err)
	}
	if status.Cluster.Status != "ready" {
		return 0, nil
	}
	return len(status.Cluster.Peers), nil
}
