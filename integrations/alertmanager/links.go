package alertmanager

import (
	"net/url"
	"regexp"

	"github.com/rap-analyzer/rapbot"
)

// links lead away from the card: to the runbook, the dashboard, the query
// behind the worst alert, to Alertmanager, and to where a template says that
// the title leads, where that is another place.
func (v view) links(title string) rapbot.Text {
	var t rapbot.Text
	led := map[string]bool{}
	room := maxLink // for all of them, as chat bounds the text that they stand in
	add := func(url, words string) {
		if url == "" || len(url) > room || led[url] {
			return
		}
		led[url] = true
		room -= len(url)
		if len(t) > 0 {
			t = append(t, rapbot.Say(" · ")...)
		}
		t = append(t, rapbot.Link(url, words))
	}
	add(v.link(webLink, "runbook_url", "runbook"), "Runbook")
	add(v.link(webLink, "dashboard_url", "dashboard"), "Dashboard")
	add(v.source(), "Query")
	add(v.alertmanager(), "Alertmanager")
	add(title, "Details")
	return t
}

// buttons are for as long as something fires: there is nothing to press on
// what has resolved. Those that do something are the bot's to add.
func (v view) buttons() rapbot.Buttons {
	runbook := v.link(secureLink, "runbook_url", "runbook")
	if v.resolved || runbook == "" {
		return nil
	}
	return rapbot.Buttons{{Label: "Runbook", URL: runbook}}
}

// link is the first good one among these annotations, of the worst alert that
// has one.
func (v view) link(good func(string) string, names ...string) string {
	for _, a := range v.alerts {
		for _, n := range names {
			if l := good(a.Annotations[n]); l != "" {
				return l
			}
		}
	}
	return ""
}

func (v view) source() string {
	for _, a := range v.alerts {
		if l := webLink(a.GeneratorURL); l != "" {
			return l
		}
	}
	return ""
}

// alertmanager is where Alertmanager lists the alerts of this receiver.
func (v view) alertmanager() string {
	d := v.group.Latest
	if webLink(d.ExternalURL) == "" {
		return ""
	}
	return webLink(d.ExternalURL + "/#/alerts?receiver=" + url.QueryEscape(regexp.QuoteMeta(d.Receiver)))
}
