package config

import (
	"fmt"
	"net/url"
	"strings"
)

// checkAPI looks at how Alertmanager itself is reached.
func (d *decoder) checkAPI(a AlertmanagerAPI) {
	const path = "alertmanager.api"
	credentials := a.Token.IsSet() || a.Password.IsSet()
	for i, text := range a.URLs {
		d.checkMember(fmt.Sprintf("%s.urls[%d]", path, i), text, credentials)
	}
	if !d.failed(path + ".urls") { // it shows what it finds twice, which is no secret then
		d.checkTwice(path+".urls[%d]", a.URLs)
	}
	switch {
	case d.failed(path+".token") || d.failed(path+".username") || d.failed(path+".password") || d.failed(path+".urls"):
	case credentials && len(a.URLs) == 0:
		d.add(path+".urls", "missing, and there are credentials for it", "list the address of Alertmanager, such as https://alertmanager.example.com")
	case a.Token.IsSet() && (a.Password.IsSet() || a.Username != ""):
		d.add(path+".token", "given beside a username or password", "keep one of the two ways")
	case (a.Username != "") != a.Password.IsSet():
		d.add(path+".username", "a username and a password belong together", "give both or neither")
	}
}

// checkMember never shows an address that it refuses for what may be a password
// in it. Credentials are sent over https, or do not leave this machine.
func (d *decoder) checkMember(path, text string, credentials bool) {
	if text == "" {
		return
	}
	const fix = "write the base address, such as https://alertmanager.example.com"
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		d.add(path, "not a URL", fix)
	case u.User != nil:
		d.add(path, "a user in the URL", "give username and password as keys of their own")
	case u.RawQuery != "" || u.Fragment != "" || strings.Contains(u.Path, "/api/"):
		d.add(path, "more than the base of an address", fix)
	case u.Scheme == "http" && credentials && !isLoopback(u.Hostname()):
		d.add(path, "credentials would cross the network in the clear", "write https")
	}
}
