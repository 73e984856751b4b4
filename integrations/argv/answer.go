package argv

import (
	"errors"

	"github.com/rap-analyzer/rapbot"
)

// head is a writer that keeps the beginning of what is written, and notices
// when there is more.
type head struct {
	limit int
	kept  []byte
	more  bool
}

func (h *head) Write(p []byte) (int, error) {
	n := min(len(p), h.limit-len(h.kept))
	h.kept = append(h.kept, p[:n]...)
	h.more = h.more || n < len(p)
	return len(p), nil
}

func readDivergence(answer head) (rapbot.Divergence, error) {
	if answer.more {
		return rapbot.Divergence{}, errors.New("it is too long")
	}
	return rapbot.ReadDivergence(answer.kept)
}
