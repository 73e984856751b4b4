package config

import (
	"net/url"
	"slices"
	"strings"
)

// inlineSecrets are the settings of a DSN that must not stand in a file.
var inlineSecrets = []string{"password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret"}

var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// checkDSN says whether dsn names one server. Its problems repeat nothing of it.
func (d *decoder) checkDSN(path, dsn string) (map[string][]string, bool) {
	if dsn == "" {
		return nil, false
	}
	settings, ok := parseDSN(dsn)
	if !ok {
		d.add(path, "not a connection string", `write "host=… port=… user=rapbot dbname=…" or postgres://rapbot@host:port/dbname`)
		return nil, false
	}
	for _, name := range inlineSecrets {
		if last(settings, name) == "" {
			continue
		}
		fix := "take it out, write password: {env: NAME} beside dsn, and change the password if the file was ever shared"
		if name != "password" {
			fix = "take it out, and use a file that only rapbot can read"
		}
		d.add(path, "a secret stands in it: "+name, fix)
	}
	if last(settings, "service") != "" || last(settings, "servicefile") != "" {
		d.add(path, "the server comes from a service file", "write host, port, user and dbname here, so that this file shows which server is meant")
		return nil, false
	}
	var missing []string
	for _, name := range []string{"host", "user", "dbname"} {
		if last(settings, name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		d.add(path, "no "+strings.Join(missing, ", no "), "write it out, because what is assumed depends on where rapbot runs")
	}
	for _, values := range settings {
		if len(values) > 1 {
			d.add(path, "the same setting twice", "keep one of them")
			break
		}
	}
	host, port := last(settings, "host"), last(settings, "port")
	if strings.ContainsRune(host, ',') || strings.ContainsRune(port, ',') {
		d.add(path, "more than one server", "name only the server of this region, so that rapbot is never connected to another one")
	} else if port != "" && !isPort(port) {
		d.add(path, "a port that is not 1 to 65535", "write the port the server listens on, usually 5432")
	}
	if mode := last(settings, "sslmode"); mode != "" && !slices.Contains(sslModes, mode) {
		d.add(path, "an unknown sslmode", "write one of "+strings.Join(sslModes, ", "))
	}
	if attrs := last(settings, "target_session_attrs"); attrs != "" && attrs != "any" {
		d.add(path, "target_session_attrs would keep rapbot from a server that changed its role", "take it out")
	}
	return settings, host != ""
}

const spaces = " \t\n\r\v\f"

// parseDSN reads a connection string as PostgreSQL's own library does, without
// connecting. Every value of a setting is kept, so that a password cannot hide
// behind a later empty one.
func parseDSN(text string) (map[string][]string, bool) {
	if strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://") {
		return parseURL(text)
	}
	return parseKeywords(text)
}

// last gives the last value that is not empty. More than one is a problem of its
// own, because readers differ in which of them they take.
func last(settings map[string][]string, name string) string {
	values := settings[name]
	for i := len(values) - 1; i >= 0; i-- {
		if values[i] != "" {
			return values[i]
		}
	}
	return ""
}

func parseURL(text string) (map[string][]string, bool) {
	u, err := url.Parse(strings.Trim(text, spaces))
	if err != nil || strings.Contains(text, "#") {
		return nil, false
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, false
	}
	settings := map[string][]string{}
	set := func(name, value string) {
		if name = setting(name); value != "" {
			settings[name] = append(settings[name], value)
		}
	}
	password, _ := u.User.Password()
	set("user", u.User.Username())
	set("password", password)
	set("host", u.Hostname())
	set("port", u.Port())
	set("dbname", strings.TrimPrefix(u.Path, "/"))
	for name, values := range query {
		for _, value := range values {
			set(name, value)
		}
	}
	return settings, true
}

// parseKeywords reads host=… port=…, with values in single quotes where they
// have spaces, and a backslash before a quote or a backslash.
func parseKeywords(text string) (map[string][]string, bool) {
	settings := map[string][]string{}
	for text = strings.TrimLeft(text, spaces); text != ""; text = strings.TrimLeft(text, spaces) {
		name, rest, found := strings.Cut(text, "=")
		name = strings.TrimRight(name, spaces)
		if !found || name == "" || strings.ContainsAny(name, spaces+"'") {
			return nil, false
		}
		value, after, closed := keywordValue(strings.TrimLeft(rest, spaces))
		if !closed {
			return nil, false
		}
		name, text = setting(name), after
		settings[name] = append(settings[name], value)
	}
	return settings, len(settings) > 0
}

// keywordValue splits the first value from what comes after it.
func keywordValue(text string) (value, after string, closed bool) {
	quoted := strings.HasPrefix(text, "'")
	if quoted {
		text = text[1:]
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++ // What follows is taken as it is; at the very end, nothing does.
			if i < len(text) {
				b.WriteByte(text[i])
			}
		case quoted && text[i] == '\'':
			return b.String(), text[i+1:], true
		case !quoted && strings.IndexByte(spaces, text[i]) >= 0:
			return b.String(), text[i:], true
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String(), "", !quoted
}

// setting gives the one name that each setting has here.
func setting(name string) string {
	name = strings.ToLower(name)
	if name == "database" {
		return "dbname"
	}
	return name
}
