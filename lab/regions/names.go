package regions

import (
	"fmt"
	"strings"
)

// directions are the words cloud providers build the middle of a region's name from.
var directions = []struct{ word, short string }{
	{"north", "n"}, {"south", "s"}, {"east", "e"}, {"west", "w"}, {"central", "c"},
}

// SlotName is the short name of a region: us-east-1 is use1, ap-southeast-2 is apse2. It names the replication slot that
// the region streams from and the application_name it streams under, so it holds lower-case letters, digits and _ only.
func SlotName(region string) string {
	parts := strings.Split(strings.ToLower(region), "-")
	var b strings.Builder
	for i, part := range parts {
		if i == 0 || i == len(parts)-1 {
			b.WriteString(part)
			continue
		}
		b.WriteString(shorten(part))
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, b.String())
}

// shorten turns southeast into se; a word that is no direction gives its first letter.
func shorten(word string) string {
	short, rest := "", word
	for rest != "" {
		before := rest
		for _, d := range directions {
			if after, ok := strings.CutPrefix(rest, d.word); ok {
				short, rest = short+d.short, after
				break
			}
		}
		if rest == before {
			return word[:1]
		}
	}
	return short
}

// checkNames refuses names that would share a slot or a folder, since two replicas on one slot throw each other out for ever.
func checkNames(names []string) error {
	if len(names) < 2 {
		return fmt.Errorf("start fleet: %d region named, at least two are needed", len(names))
	}
	seen := map[string]string{}
	for _, name := range names {
		if name == ViewerApp || name == ViewerBot {
			return fmt.Errorf("start fleet: %q cannot name a region: it names who else connects", name)
		}
		slot := SlotName(name)
		if slot == "" || name != strings.ToLower(name) || strings.ContainsAny(name, "/.' \\:") {
			return fmt.Errorf("start fleet: %q cannot name a region: use lower-case letters, digits and dashes", name)
		}
		if other, taken := seen[slot]; taken {
			return fmt.Errorf("start fleet: %s and %s both shorten to the slot name %s", other, name, slot)
		}
		seen[slot] = name
	}
	return nil
}
