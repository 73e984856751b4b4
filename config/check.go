package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// check looks for what a single value cannot show. It skips whatever is zero,
// because that was already reported, and fills in the values that are derived
// from others.
func (d *decoder) check(c *Config) {
	if d.failed("") {
		return // Not even a file of keys.
	}
	d.checkSlack(&c.Slack)
	d.checkApprovals(c.Approvals)
	d.checkRegions(c.Regions)
	d.checkWriters(c.Limits.ApplicationUsers, c.Regions)
	d.checkWebhook(c.Alertmanager)
	d.checkAlerts(&c.Alertmanager)
	d.checkReplication(&c.Replication)
	d.checkPrometheus(c.Prometheus)
	d.checkArgoCD(&c.Deploy.ArgoCD, c.Regions)
	d.checkAPI(c.Alertmanager.API)
	d.checkListen("health.listen", c.Health.Listen)
	if clash(c.Alertmanager.Listen, c.Health.Listen) {
		d.add("health.listen", "the same port as alertmanager.listen", "give each a port of its own")
	}
}

var (
	channelID = regexp.MustCompile(`^[CG][A-Z0-9]{2,30}$`)
	userID    = regexp.MustCompile(`^[UW][A-Z0-9]{2,30}$`)
	groupID   = regexp.MustCompile(`^S[A-Z0-9]{2,30}$`)
)

func (d *decoder) checkSlack(s *Slack) {
	d.checkToken("slack.bot_token", s.BotToken, "xoxb-", "the Bot User OAuth Token, from OAuth & Permissions")
	d.checkToken("slack.app_token", s.AppToken, "xapp-", "the App-Level Token, from Basic Information")
	s.APIURL = d.apiURL(s.APIURL)

	const find = "open the channel in Slack, click its name, and copy the ID that begins with C from the end of the About tab"
	d.checkID("slack.channels.operations", s.Channels.Operations, channelID, "a channel ID", find)
	d.checkID("slack.channels.alerts", s.Channels.Alerts, channelID, "a channel ID", find)
}

// checkToken also catches the two tokens put in each other's place, without
// showing either.
func (d *decoder) checkToken(path string, token Secret, prefix, where string) {
	if !token.IsSet() {
		return
	}
	if value := token.Reveal(); !strings.HasPrefix(value, prefix) || strings.ContainsAny(value, " \t") {
		d.add(path, "the value found there does not begin with "+prefix, "use "+where+" of the app's settings")
	}
}

// apiURL gives the URL with its trailing slash. Tokens are sent there, so it is
// https unless it does not leave this machine.
func (d *decoder) apiURL(text string) string {
	const path, fix = "slack.api_url", "write https://slack.com/api/ or leave the key out"
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		d.add(path, "not a URL", fix)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		d.add(path, "more than a scheme, a host and a path", fix)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		d.add(path, "not https, and not on this machine", fix)
	}
	return strings.TrimRight(text, "/") + "/"
}

func (d *decoder) checkID(path, id string, form *regexp.Regexp, what, find string) {
	if id != "" && !form.MatchString(id) {
		d.add(path, show(id)+" is not "+what, find)
	}
}

func (d *decoder) checkApprovals(a Approvals) {
	const findUser = "open the profile in Slack, press the three dots, Copy member ID; names are refused because anybody can change theirs"
	const findGroup = "open the user group in Slack, press the three dots, Copy group ID; names are refused because anybody can change theirs"
	for i, id := range a.Users {
		d.checkID(fmt.Sprintf("approvals.users[%d]", i), id, userID, "a user ID", findUser)
	}
	for i, id := range a.Groups {
		d.checkID(fmt.Sprintf("approvals.groups[%d]", i), id, groupID, "a user group ID", findGroup)
	}
	d.checkTwice("approvals.users[%d]", a.Users)
	d.checkTwice("approvals.groups[%d]", a.Groups)
	if len(a.Users)+len(a.Groups) == 0 && !d.failed("approvals.users") && !d.failed("approvals.groups") && !d.failed("approvals") {
		d.add("approvals", "nobody can approve anything", "list user IDs in users or user group IDs in groups")
	}
}

// checkTwice reports every value of a list that an earlier element has too.
func (d *decoder) checkTwice(path string, values []string) {
	first := map[string]int{}
	for i, value := range values {
		if value == "" {
			continue
		}
		if _, twice := first[value]; twice {
			d.add(fmt.Sprintf(path, i), show(value)+" appears twice, first as "+fmt.Sprintf(path, first[value]), "keep one of them")
			continue
		}
		first[value] = i
	}
}

// checkWriters keeps rapbot's own login out of the users counted as writers: its
// own sessions would stand in the way of every switchover.
func (d *decoder) checkWriters(users []string, regions []Region) {
	const path = "limits.application_users[%d]"
	d.checkTwice(path, users)
	for i, user := range users {
		for _, region := range regions {
			if settings, ok := parseDSN(region.Postgres.DSN); ok && user != "" && last(settings, "user") == user {
				d.add(fmt.Sprintf(path, i), show(user)+" is the user that rapbot itself connects as", "remove it")
				break
			}
		}
	}
}

func (d *decoder) checkListen(path, listen string) {
	if listen == "" {
		return
	}
	_, port, err := net.SplitHostPort(listen)
	if number, numeric := parseInt(port); err != nil || !numeric || number < 0 || number > 65535 {
		d.add(path, show(listen)+" is not an address to listen on", "write host:port, such as 127.0.0.1:9095")
	}
}

// clash says whether two addresses cannot be listened on at the same time. Port
// 0 is any free port and never clashes.
func clash(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	return hostA == hostB || isWildcard(hostA) || isWildcard(hostB)
}

func isWildcard(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "" || err == nil && address.IsUnspecified()
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

// isPort says whether a text is a port that can be connected to.
func isPort(text string) bool {
	number, err := strconv.ParseUint(text, 10, 16)
	return err == nil && number > 0
}
