package alertmanager

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
)

// tokens are the hashes of the bearer tokens that are good, of equal length so
// that comparing them takes the same time whatever is compared.
type tokens [][sha256.Size]byte

// newTokens refuses tokens that cannot have been meant. Its errors name no
// token (R10).
func newTokens(plain []string, insecure bool) (tokens, error) {
	if len(plain) == 0 && !insecure {
		return nil, errors.New("alertmanager webhook: no bearer token is configured; give one, or allow calls without any explicitly")
	}
	var out tokens
	for _, t := range plain {
		if t == "" || strings.TrimSpace(t) != t {
			return nil, errors.New("alertmanager webhook: a bearer token is empty or has spaces around it")
		}
		out = append(out, sha256.Sum256([]byte(t)))
	}
	return out, nil
}

// admits reports whether the call carries one of the tokens. Every token is
// compared, so that the time taken does not tell which one it was.
func (t tokens) admits(r *http.Request) bool {
	if len(t) == 0 {
		return true
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	hash := sha256.Sum256([]byte(strings.TrimSpace(given)))
	same := 0
	for i := range t {
		same |= subtle.ConstantTimeCompare(t[i][:], hash[:])
	}
	return same == 1 && strings.EqualFold(scheme, "Bearer")
}
