package node

import (
	"cmp"
	"slices"
	"strings"
)

// mount is a path within a container and where it really is.
type mount struct{ path, folder string }

// mounts replace paths, the longest first.
type mounts []mount

func newMounts(all ...mount) mounts {
	m := slices.Clone(all)
	slices.SortStableFunc(m, func(a, b mount) int { return cmp.Compare(len(b.path), len(a.path)) })
	return m
}

// replace puts the real folders in place of the paths in a text. A path counts where it begins one and where it ends at a whole part: /data is
// replaced in "-D /data/pg" and "dir=/data", not in "/mnt/data" and "/database".
func (m mounts) replace(text string) string {
	var out strings.Builder
	for at := 0; at < len(text); {
		if text[at] == '/' && (at == 0 || !partOfPath(text[at-1])) {
			if found, ok := m.at(text[at:]); ok {
				out.WriteString(found.folder)
				at += len(found.path)
				continue
			}
		}
		out.WriteByte(text[at])
		at++
	}
	return out.String()
}

// at finds the mount whose path the text begins with.
func (m mounts) at(text string) (mount, bool) {
	for _, one := range m {
		if rest, ok := strings.CutPrefix(text, one.path); ok && (rest == "" || rest[0] == '/' || !partOfPath(rest[0])) {
			return one, true
		}
	}
	return mount{}, false
}

func partOfPath(c byte) bool {
	return c == '/' || c == '.' || c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (m mounts) replaceAll(texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, m.replace(text))
	}
	return out
}
