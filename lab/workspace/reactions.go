package workspace

import (
	"regexp"
	"slices"
)

var emojiName = regexp.MustCompile(`^[a-z0-9_+'-]+(::skin-tone-[2-6])?$`)

// react adds a person's emoji; false when it was there.
func (m *message) react(name, user string) bool {
	for i, r := range m.reactions {
		if r.Name != name {
			continue
		}
		if slices.Contains(r.Users, user) {
			return false
		}
		m.reactions[i].Users = append(r.Users, user)
		m.reactions[i].Count++
		return true
	}
	m.reactions = append(m.reactions, Reaction{Name: name, Users: []string{user}, Count: 1})
	return true
}
