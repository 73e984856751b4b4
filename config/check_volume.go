package config

import (
	"cmp"
	"net"
	"regexp"
	"strings"
)

func (i Instance) volume() []namedCommand {
	return []namedCommand{{"divergence", i.Divergence}, {"rewind", i.Rewind}, {"rebuild", i.Rebuild}}
}

var (
	placeholder = regexp.MustCompile(`\{[A-Za-z_]*\}`)
	hostName    = regexp.MustCompile(`^[0-9A-Za-z:][0-9A-Za-z.:_-]{0,252}$`)
)

// checkVolume looks at the commands that act on a region's data.
func (d *decoder) checkVolume(at string, instance Instance) {
	given := ""
	for _, command := range instance.volume() {
		if len(command.words) > 0 {
			given = cmp.Or(given, command.key)
			d.checkPlaceholders(at+".instance."+command.key, command)
		}
	}
	for _, command := range instance.volume() {
		if path := at + ".instance." + command.key; given != "" && len(command.words) == 0 && !d.failed(path) {
			d.add(path, "missing, and "+given+" is there", "write the command, as a list of words; divergence, rewind and rebuild belong together")
		}
	}
}

// checkPlaceholders also catches a misspelt one, which would reach the command
// as it stands.
func (d *decoder) checkPlaceholders(path string, command namedCommand) {
	words := strings.Join(command.words, "\x00")
	known := []string{"{host}", "{port}", "{region}"}
	if command.key == "divergence" {
		known = append(known, "{from}")
	}
	used := map[string]bool{}
	for _, name := range placeholder.FindAllString(words, -1) {
		used[name] = true
	}
	for _, name := range known {
		delete(used, name)
	}
	for name := range used {
		d.add(path, show(name)+" stands for nothing", "the placeholders here are "+strings.Join(known, ", "))
		break
	}
	if !strings.Contains(words, "{host}") && !strings.Contains(words, "{region}") {
		d.add(path, "it does not say which server to look at", "put {host} and {port}, or {region}, where the command takes them")
	}
	if command.key == "divergence" && !strings.Contains(words, "{from}") {
		d.add(path, "it does not say where to measure from", "put {from} where the command takes it")
	}
}

// checkReplicationAddress fills in the address that was left out. Copied says
// that some region's data can be made a copy of another's, so that it is needed.
func (d *decoder) checkReplicationAddress(at string, p *Postgres, copied bool) {
	path := at + ".replication_address"
	if p.ReplicationAddress != "" {
		host, port, err := net.SplitHostPort(p.ReplicationAddress)
		if err != nil || !hostName.MatchString(host) || !isPort(port) {
			d.add(path, show(p.ReplicationAddress)+" is not an address to connect to", "write host:port, such as db-use1.example.com:5432")
		}
		return
	}
	settings, ok := parseDSN(p.DSN)
	host, port := last(settings, "host"), cmp.Or(last(settings, "port"), "5432")
	switch {
	case !ok || host == "" || d.failed(path) || d.failed(at+".dsn"):
	case hostName.MatchString(host) && isPort(port):
		p.ReplicationAddress = net.JoinHostPort(host, port)
	case copied:
		d.add(path, "missing, and dsn has no host and port that another region could use", "write host:port, such as db-use1.example.com:5432")
	}
}
