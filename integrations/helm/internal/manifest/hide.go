package manifest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Hidden stands for a secret.
const Hidden = "(hidden)"

// Hider takes secrets out of texts (R10): those that it has met, by their
// values, and others by their shape.
type Hider struct {
	mu     sync.Mutex
	values map[string]bool
}

// leastSecret is the length from which a value is looked for in texts. What is
// shorter is found by chance everywhere, and is no secret worth the name.
const leastSecret = 4

// Add makes a value known, in every form in which it may turn up.
func (h *Hider) Add(value any) {
	text := ""
	switch v := value.(type) {
	case nil, bool:
		return
	case string:
		text = v
	default:
		text = fmt.Sprint(v)
	}
	quoted := strconv.Quote(text)
	forms := []string{
		text, strings.TrimSpace(text), quoted[1 : len(quoted)-1],
		base64.StdEncoding.EncodeToString([]byte(text)), url.QueryEscape(text),
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); len(line) >= 2*leastSecret {
			forms = append(forms, line)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.values == nil {
		h.values = map[string]bool{}
	}
	for _, f := range forms {
		if len(f) >= leastSecret {
			h.values[f] = true
		}
	}
}

// AddSecrets makes known what the Secrets among the objects hold.
func (h *Hider) AddSecrets(objects []Object) {
	for _, o := range objects {
		if !o.secret() {
			continue
		}
		for _, field := range secretFields {
			eachScalar(o.Body[field], func(v any) {
				h.Add(v)
				if text, is := v.(string); is && field == "data" {
					if plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil {
						h.Add(string(plain))
					}
				}
			})
		}
	}
}

// AddTelling makes known the values whose names say that they are secrets.
func (h *Hider) AddTelling(values map[string]any) {
	for name, v := range values {
		switch v := v.(type) {
		case map[string]any:
			h.AddTelling(v)
		case []any:
			for _, item := range v {
				h.AddTelling(map[string]any{name: item})
			}
		default:
			if Telling(name) {
				h.Add(v)
			}
		}
	}
}

// Text is s without secrets.
func (h *Hider) Text(s string) string {
	h.mu.Lock()
	values := make([]string, 0, len(h.values))
	for v := range h.values {
		values = append(values, v)
	}
	h.mu.Unlock()
	slices.SortFunc(values, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	pairs := make([]string, 0, 2*len(values))
	for _, v := range values {
		pairs = append(pairs, v, Hidden)
	}
	return HideShapes(strings.NewReplacer(pairs...).Replace(s))
}

var (
	tellingName = regexp.MustCompile(`(?i)passw(or)?d|passphrase|secret|token|credential|api[_-]?key|private[_-]?key`)
	onlyNamesIt = regexp.MustCompile(`(?i)existing|(name|ref|key|file|path|dir|mount|class|enabled|encryption|ttl|seconds|size|version)$`)
	keyItself   = regexp.MustCompile(`(?i)(api|private|secret)[_-]?key$`)

	secretWord  = regexp.MustCompile(`(?i)((?:Kind=)?[\w-]*(?:password|passwd|passphrase|secret|token|api[_-]?key)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|\S+)`)
	bearer      = regexp.MustCompile(`(?i)\b(bearer|basic)\s+\S+`)
	urlPassword = regexp.MustCompile(`(://[^/\s:@]*:)[^/\s]*@`)
)

// innocent is what stands behind a telling name without being a secret: our own
// marks, and the API server's "token: expected string".
var innocent = map[string]bool{Hidden: true, "(hidden,": true, "expected": true}

// Telling reports whether a value's name says that the value is a secret, and
// not where one is: password is, existingSecret and secretName are not.
func Telling(name string) bool {
	return tellingName.MatchString(name) && (keyItself.MatchString(name) || !onlyNamesIt.MatchString(name))
}

// MayTell reports whether a text has a word in it that names secrets.
func MayTell(text string) bool { return tellingName.MatchString(text) }

// HideShapes takes out what looks like a secret by what stands before it.
func HideShapes(s string) string {
	s = urlPassword.ReplaceAllString(s, "${1}"+Hidden+"@")
	s = secretWord.ReplaceAllStringFunc(s, func(found string) string {
		parts := secretWord.FindStringSubmatch(found)
		name := strings.Trim(parts[1], `"'=: `)
		if !Telling(name) || strings.HasPrefix(name, "Kind=") || innocent[parts[2]] {
			return found
		}
		return parts[1] + Hidden
	})
	return bearer.ReplaceAllString(s, "${1} "+Hidden)
}

// Clip keeps the beginning of s.
func Clip(s string, most int) string {
	runes := []rune(strings.ToValidUTF8(s, "?"))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}

// eachScalar visits the values within v that are no maps and no lists.
func eachScalar(v any, visit func(any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			eachScalar(inner, visit)
		}
	case []any:
		for _, inner := range v {
			eachScalar(inner, visit)
		}
	default:
		visit(v)
	}
}
