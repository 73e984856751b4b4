package alertmanager

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
)

// BasicAuth is a user with a password. Several may be good at a time, also of
// one user, so that they can be rotated.
type BasicAuth struct{ Username, Password string }

type digest [sha256.Size]byte

func digestOf(s string) digest { return sha256.Sum256([]byte(s)) }

func (d digest) equals(other digest) int { return subtle.ConstantTimeCompare(d[:], other[:]) }

// gate knows who may call. What it compares are digests, of equal length, so
// that comparing takes the same time whatever is compared.
type gate struct {
	tokens  []digest
	users   [][2]digest // name and password
	clients *Certificates
}

// newGate refuses what cannot have been meant. Its errors name no secret (R10).
func newGate(o Options) (*gate, error) {
	if len(o.Tokens)+len(o.Users) == 0 && !o.Certificates.knowsClients() && !o.Insecure {
		return nil, errors.New("alertmanager webhook: neither a bearer token nor basic auth nor a client CA is configured; give one, or allow calls without any explicitly")
	}
	g := &gate{clients: o.Certificates}
	for _, t := range o.Tokens {
		if t == "" || strings.TrimSpace(t) != t {
			return nil, errors.New("alertmanager webhook: a bearer token is empty or has spaces around it")
		}
		g.tokens = append(g.tokens, digestOf(t))
	}
	for _, u := range o.Users {
		if u.Username == "" || u.Password == "" || strings.Contains(u.Username, ":") {
			return nil, errors.New("alertmanager webhook: basic auth without a user name or a password, or with a colon in the name")
		}
		g.users = append(g.users, [2]digest{digestOf(u.Username), digestOf(u.Password)})
	}
	return g, nil
}

// refuses tells why a call is not admitted, and "" when it is. A client
// certificate is asked for besides a token or a password, not in their place:
// whoever has configured both wants both.
func (g *gate) refuses(r *http.Request) string {
	if why := g.clients.refuses(r.TLS); why != "" {
		return why
	}
	if len(g.tokens)+len(g.users) > 0 && g.bearer(r)|g.basic(r) != 1 {
		return "Unauthorized."
	}
	return ""
}

// bearer is 1 when the call carries one of the tokens. Every token is compared,
// so that the time taken does not tell which one it was.
func (g *gate) bearer(r *http.Request) int {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return 0
	}
	sum, same := digestOf(strings.TrimSpace(given)), 0
	for _, t := range g.tokens {
		same |= t.equals(sum)
	}
	return same
}

// basic is 1 when the call carries the name and the password of one user. Both
// are compared, whether or not the first is right.
func (g *gate) basic(r *http.Request) int {
	name, password, ok := r.BasicAuth()
	if !ok {
		return 0
	}
	nameSum, passwordSum, same := digestOf(name), digestOf(password), 0
	for _, u := range g.users {
		same |= u[0].equals(nameSum) & u[1].equals(passwordSum)
	}
	return same
}

// challenge says in which ways a caller may name itself.
func (g *gate) challenge(header http.Header) {
	if len(g.tokens) > 0 {
		header.Add("WWW-Authenticate", "Bearer")
	}
	if len(g.users) > 0 {
		header.Add("WWW-Authenticate", `Basic realm="rapbot", charset="UTF-8"`)
	}
}
