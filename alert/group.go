package alert

import (
	"maps"
	"slices"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// Alert is one alert of a group, as Alertmanager told it.
type Alert struct {
	Status       string            `json:"status"` // firing or resolved
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"starts_at"`
	EndsAt       time.Time         `json:"ends_at,omitzero"`
	GeneratorURL string            `json:"generator_url,omitempty"`
	Fingerprint  string            `json:"fingerprint"`
}

// Delivery is one accepted webhook call: what Alertmanager said of one group
// at one time.
type Delivery struct {
	ID                int64             `json:"id,omitempty"` // the journal's number of it
	Key               string            `json:"key"`          // equal for equal deliveries, which an HA pair of Alertmanagers produces
	GroupKey          string            `json:"group_key"`    // Alertmanager's; changes when its routing tree is edited
	ReceivedAt        time.Time         `json:"received_at"`  //
	Receiver          string            `json:"receiver"`     //
	Status            string            `json:"status"`       // firing when any alert fires
	Reason            string            `json:"reason"`       // notification_reason, since Alertmanager 0.32
	GroupLabels       map[string]string `json:"group_labels"`
	CommonLabels      map[string]string `json:"common_labels"`
	CommonAnnotations map[string]string `json:"common_annotations"`
	RouteLabels       map[string]string `json:"route_labels,omitempty"`
	ExternalURL       string            `json:"external_url"`
	Truncated         int               `json:"truncated,omitempty"` // alerts that max_alerts cut off
	Alerts            []Alert           `json:"alerts"`
}

// Group is Alertmanager's group, which is one card. It remembers what
// fired after it has resolved, because that is what people come back to read.
type Group struct {
	ID        string     `json:"id"` // receiver and group labels: survives an edit of the routing tree
	Latest    Delivery   `json:"latest"`
	Firing    []Alert    `json:"firing"` // as they last fired, kept after they resolve
	FirstSeen time.Time  `json:"first_seen"`
	ChangedAt time.Time  `json:"changed_at"`
	Times     int        `json:"times"` // how often it began to fire
	Card      rapbot.Ref `json:"card"`
	Told      string     `json:"told"`               // status last told in the thread
	Since     time.Time  `json:"since,omitzero"`     // when it last began to fire, or something joined what was acknowledged
	Held      *Delivery  `json:"held,omitempty"`     // may be late; see DoubtFor
	Acked     *Ack       `json:"acked,omitempty"`    // nobody has, while it is nil
	Silenced  *Silence   `json:"silenced,omitempty"` // made from here and not known to be over
}

// Ack is somebody's word that they look after a group.
type Ack struct {
	By rapbot.Person `json:"by"`
	At time.Time     `json:"at"`
}

// Resolved reports whether nothing of the group fires.
func (g Group) Resolved() bool { return g.Latest.Status == "resolved" }

// Absorb takes a delivery into the group. The firing values of an alert are
// kept when it resolves; a group that fires again after resolving starts its
// memory afresh. A delivery that arrives after what came later is not taken
// for news; see lateness.
func (g Group) Absorb(d Delivery) Group {
	next := g
	switch g.lateness(d) {
	case late:
		next.ChangedAt = d.ReceivedAt
		return next
	case doubtful:
		next.ChangedAt = d.ReceivedAt
		if g.Held == nil {
			next.Held = &d
		}
		return next
	}
	next.Held = nil
	if g.ID == "" {
		next.ID, next.FirstSeen = GroupID(d), d.ReceivedAt
	}
	if d.Status == "firing" && (g.ID == "" || g.Resolved()) {
		next.Times, next.Firing, next.Since = g.Times+1, nil, d.ReceivedAt
	}
	if g.Acked != nil && g.joined(d) {
		next.Since = d.ReceivedAt // what was acknowledged is not all of it any more
	}
	if d.Status != "firing" || g.joined(d) {
		next.Acked = nil // what was acknowledged is over, or is not all of it any more
	}
	if g.Silenced != nil && (d.Status != "firing" || g.Silenced.Over(d.ReceivedAt)) {
		next.Silenced = nil
	}
	next.Latest, next.ChangedAt = d, d.ReceivedAt
	next.Firing = rememberFiring(next.Firing, d.Alerts)
	return next
}

// knows reports whether the alert is in that state already.
func (g Group) knows(a Alert) bool {
	for _, known := range g.Firing {
		if known.Fingerprint == a.Fingerprint && known.Status == a.Status {
			return true
		}
	}
	return false
}

// Repeats reports whether the delivery says nothing that is not known: what
// Alertmanager sends again and again for as long as something fires.
func (g Group) Repeats(d Delivery) bool {
	for _, a := range d.Alerts {
		if !g.knows(a) {
			return false
		}
	}
	return d.Status == g.Latest.Status
}

// JudgeAck decides whether this person may acknowledge the group now: every
// full member of the workspace may, since it changes no server.
func JudgeAck(g Group, p rapbot.Person) error {
	if err := rapbot.MayRequest(p); err != nil {
		return err
	}
	if g.Resolved() {
		return &rapbot.Error{Code: rapbot.Settled, What: "This has resolved already.", Changed: "Your click changed nothing.", Now: "There is nothing to acknowledge."}
	}
	if g.Acked != nil {
		return &rapbot.Error{Code: rapbot.Settled, What: "This was acknowledged already, by " + g.Acked.By.Name + ".", Changed: "Your click changed nothing.", Now: "Ask them how it goes."}
	}
	return nil
}

func rememberFiring(known, now []Alert) []Alert {
	out := make([]Alert, 0, len(known)+len(now))
	out = append(out, known...)
	at := make(map[string]int, len(known)+len(now))
	for i, a := range known {
		at[a.Fingerprint] = i
	}
	for _, a := range now {
		i, is := at[a.Fingerprint]
		switch {
		case !is:
			at[a.Fingerprint] = len(out)
			out = append(out, a)
		case a.Status == "firing":
			out[i] = a
		default:
			out[i].Status, out[i].EndsAt = a.Status, a.EndsAt
		}
	}
	return out
}

// GroupID identifies a group by its receiver and group labels.
func GroupID(d Delivery) string {
	id := d.Receiver
	for _, name := range slices.Sorted(maps.Keys(d.GroupLabels)) {
		id += "\x00" + name + "\x00" + d.GroupLabels[name]
	}
	return id
}
