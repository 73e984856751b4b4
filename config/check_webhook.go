package config

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// shortestToken keeps out webhook tokens and passwords that can be guessed.
const shortestToken = 16

func (d *decoder) checkWebhook(a Alertmanager) {
	d.checkListen("alertmanager.listen", a.Listen)
	const makeOne = "make one with: openssl rand -hex 32"
	for i, token := range a.Tokens {
		if value := token.Reveal(); token.IsSet() && (len(value) < shortestToken || strings.ContainsAny(value, " \t")) {
			d.add(fmt.Sprintf("alertmanager.tokens[%d]", i), fmt.Sprintf("the value found there has spaces or fewer than %d characters", shortestToken), makeOne)
		}
	}
	if len(a.Templates) > 0 && a.Slack == nil && !d.failed("alertmanager.slack") {
		d.add("alertmanager.templates", "files of templates, and nothing that is rendered with them", "paste the block of slack_configs that uses them under alertmanager.slack, or write slack: {} for Alertmanager's own")
	}
	for i, user := range a.BasicAuth {
		at := fmt.Sprintf("alertmanager.basic_auth[%d]", i)
		if strings.Contains(user.Username, ":") {
			d.add(at+".username", "a colon in it, which ends a user name", "write a name without one")
		}
		if user.Password.IsSet() && len(user.Password.Reveal()) < shortestToken {
			d.add(at+".password", fmt.Sprintf("the value found there has fewer than %d characters", shortestToken), makeOne)
		}
	}
	d.checkTLS(a.TLS)

	host, _, err := net.SplitHostPort(a.Listen)
	open := err == nil && !isLoopback(host) && len(a.Tokens) == 0 && len(a.BasicAuth) == 0 && a.TLS.ClientCAFile == "" && !a.InsecureAllowUnauthenticated
	doubtful := slices.ContainsFunc([]string{"tokens", "basic_auth", "tls", "tls.client_ca_file", "insecure_allow_unauthenticated"}, func(key string) bool { return d.failed("alertmanager." + key) })
	if open && !doubtful {
		d.add("alertmanager.tokens", "missing, and other machines can reach "+show(a.Listen),
			"list a token, a user in basic_auth or a tls.client_ca_file, listen on 127.0.0.1, or set insecure_allow_unauthenticated: true")
	}
}

func (d *decoder) checkTLS(t TLS) {
	const at = "alertmanager.tls"
	if (t.CertFile == "") != (t.KeyFile == "") && !d.failed(at+".cert_file") && !d.failed(at+".key_file") {
		d.add(at, "one of cert_file and key_file without the other", "give both, or neither")
	}
	switch {
	case t.ClientCAFile != "" && t.CertFile == "" && t.KeyFile == "":
		d.add(at+".client_ca_file", "clients cannot show a certificate without TLS", "give cert_file and key_file too")
	case t.ClientCAFile != "" && len(t.ClientNames) == 0 && !d.failed(at+".client_names"):
		d.add(at+".client_names", "missing, and anybody with a certificate of the client CA would be let in", "list the names in the certificates of your Alertmanagers")
	case t.ClientCAFile == "" && len(t.ClientNames) > 0 && !d.failed(at+".client_ca_file"):
		d.add(at+".client_names", "given without a client_ca_file, which vouches for them", "give client_ca_file, or remove the names")
	}
	d.checkTwice(at+".client_names[%d]", t.ClientNames)
}
