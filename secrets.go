package rapbot

import (
	"regexp"
	"strings"
)

const hidden = "(hidden)"

var (
	secretWord  = regexp.MustCompile(`(?i)([\w-]*(?:password|passwd|passphrase|secret|token|api[_-]?key)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|\S+)`)
	bearer      = regexp.MustCompile(`(?i)\b(bearer|basic)\s+\S+`)
	urlPassword = regexp.MustCompile(`(://[^/\s:@]*:)[^/\s]*@`)
)

// HideSecrets takes out of foreign text what looks like a secret: the values
// that are known to be ones, and what stands behind a telling word (R10).
func HideSecrets(text string, known ...string) string {
	for _, value := range known {
		if len(value) >= 4 {
			text = strings.ReplaceAll(text, value, hidden)
		}
	}
	text = urlPassword.ReplaceAllString(text, "${1}"+hidden+"@")
	text = secretWord.ReplaceAllString(text, "${1}"+hidden)
	return bearer.ReplaceAllString(text, "${1} "+hidden)
}
