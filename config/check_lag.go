package config

import (
	"fmt"
	"net/url"
	"path"
)

// explained are the alerts of charts/multi-region/rules, and the one that
// people had before them.
var explained = []string{"ReplicationLag*", "PostgreSQLReplicationLag*", "ReplicaNotStreaming", "ReplicationSlot*", "NoPrimary", "TwoPrimaries"}

// checkReplication fills in the list when it was left out.
func (d *decoder) checkReplication(r *Replication) {
	if r.Explain == nil && !d.failed("replication.explain") {
		r.Explain = explained
	}
	for i, pattern := range r.Explain {
		if _, err := path.Match(pattern, ""); err != nil {
			d.add(fmt.Sprintf("replication.explain[%d]", i), show(pattern)+" is not a name with * in it", "write the name of an alert, such as ReplicationLag*")
		}
	}
}

// checkPrometheus keeps the token off the network in clear text.
func (d *decoder) checkPrometheus(p Prometheus) {
	const at, fix = "prometheus.url", "write the address of its web page, such as http://prometheus.example.com:9090, or leave the key out"
	if p.URL == "" {
		return
	}
	u, err := url.Parse(p.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		d.add(at, "not a URL", fix)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		d.add(at, "more than a scheme, a host and a path", fix)
	case u.Scheme == "http" && p.Token.IsSet() && !isLoopback(u.Hostname()):
		d.add(at, "not https, and the token would be sent there", "write https, or leave the token out")
	}
}
