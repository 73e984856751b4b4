package bot

import "github.com/rap-analyzer/rapbot/alert"

// Route sends alert groups to a channel. The first route that matches wins.
type Route struct {
	Match        alert.Match // of one alert of the group; those that fire count, if any does
	Channel      string
	MentionGroup string // user group that is called when nobody acknowledges; empty is that of Escalation
}

// place is the channel of a group: chosen when its card is first put up, and
// kept from then on, however its labels change.
func (a *alerts) place(g alert.Group) string {
	if !g.Card.Zero() {
		return g.Card.Channel
	}
	if r := routeOf(a.routes, g); r != nil {
		return r.Channel
	}
	return a.channel
}

// routeOf is the first route that matches, or nil. One alert is enough: a group
// of many warnings and one critical alert goes where critical ones go.
func routeOf(routes []Route, g alert.Group) *Route {
	alerts := firing(g.Latest.Alerts)
	if len(alerts) == 0 {
		alerts = g.Latest.Alerts
	}
	for i := range routes {
		for _, a := range alerts {
			if routes[i].Match.Admits(a.Labels) {
				return &routes[i]
			}
		}
	}
	return nil
}

func firing(alerts []alert.Alert) []alert.Alert {
	var out []alert.Alert
	for _, a := range alerts {
		if a.Status == "firing" {
			out = append(out, a)
		}
	}
	return out
}
