package config

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/rap-analyzer/rapbot/alert"
)

// labels reads the values that labels must have.
func (d *decoder) labels(path string, node *yaml.Node) Labels {
	const fix = "write {label: value, other: ~regular expression}"
	if node.Kind != yaml.MappingNode {
		d.add(path, kindOf(node)+" where labels with their values are wanted", fix)
		return nil
	}
	out := Labels{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Style&yaml.TaggedStyle != 0 || !isKey.MatchString(key.Value) || key.Value == "<<" {
			d.addAt(key.Line, path, "a label that is not a plain word", fix)
			return nil
		}
		at := join(path, key.Value)
		d.lines[at] = key.Line
		if _, twice := out[key.Value]; twice {
			d.addAt(key.Line, at, "given twice", "keep one of them")
			return nil
		}
		if !d.plain(at, value) {
			return nil
		}
		if value.Kind != yaml.ScalarNode {
			d.add(at, kindOf(value)+" where a single value is wanted", fix)
			return nil
		}
		if value.ShortTag() == "!!null" && value.Value != "" || value.Value == "" && value.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
			d.add(at, "empty", `write "" in quotes for a label that is not there`)
			return nil
		}
		out[key.Value] = value.Value
	}
	if len(out) == 0 {
		d.add(path, "without a label, so that it would match everything", fix)
		return nil
	}
	if _, err := alert.ParseMatch(out); err != nil {
		d.add(path, "a value that begins with ~ and is no regular expression", "write one that Go's regexp package reads, or leave the ~ away")
		return nil
	}
	return out
}

// checkAlerts looks at where alerts go and who is called.
func (d *decoder) checkAlerts(a *Alertmanager) {
	const findChannel = "open the channel in Slack, click its name, and copy the ID that begins with C from the end of the About tab"
	const findGroup = "open the user group in Slack, press the three dots, Copy group ID"
	for i, r := range a.Routes {
		at := fmt.Sprintf("alertmanager.routes[%d]", i)
		d.checkID(at+".channel", r.Channel, channelID, "a channel ID", findChannel)
		d.checkID(at+".mention_group", r.MentionGroup, groupID, "a user group ID", findGroup)
	}
	w := &a.Watchdog
	if w.Match == nil && !d.failed("alertmanager.watchdog") && !d.failed("alertmanager.watchdog.match") {
		w.Match = Labels{"alertname": "Watchdog"}
	}
	if w.SilentFor != 0 && w.SilentFor < time.Minute {
		d.add("alertmanager.watchdog.silent_for", show(w.SilentFor.String())+" is shorter than any Alertmanager repeats an alert", "write 1m to 24h, or 0s for no watchdog")
	}
	d.checkID("alertmanager.escalate.group", a.Escalate.Group, groupID, "a user group ID", findGroup)
	if a.Escalate.After > 0 && a.Escalate.Group == "" && !d.failed("alertmanager.escalate.group") {
		d.add("alertmanager.escalate.group", "missing, and nobody would be called", findGroup)
	}
}
