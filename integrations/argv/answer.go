package argv

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"

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

// answered are the fields that every answer has; saved comes on top when
// something was.
var answered = []string{"system_id", "clean", "timeline", "end", "fork", "related", "commits"}

const savedField = "saved"

var (
	systemShape = regexp.MustCompile(`^[0-9]{1,20}$`)
	savedShape  = regexp.MustCompile(`^[^\x00-\x1f\x7f]{0,1000}$`)
)

// readDivergence reads the answer strictly: a field that is missing or unknown
// is an older or newer script, whose zero would be read as "nothing was lost". The
// errors repeat nothing of the answer, which may hold anything (R10).
func readDivergence(answer head) (rapbot.Divergence, error) {
	var d rapbot.Divergence
	if answer.more {
		return d, errors.New("it is too long")
	}
	var fields map[string]json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(answer.kept))
	if err := decoder.Decode(&fields); err != nil || fields == nil {
		return d, errors.New("it is no JSON object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return d, errors.New("something follows the JSON object")
	}
	for _, name := range answered {
		if value, has := fields[name]; !has || string(value) == "null" {
			return d, errors.New("the field " + name + " is missing")
		}
	}
	for name := range fields {
		if name != savedField && !slices.Contains(answered, name) {
			return d, errors.New("it has an unknown field")
		}
	}
	if err := json.Unmarshal(answer.kept, &d); err != nil {
		return rapbot.Divergence{}, errors.New("a field has a value of another kind")
	}
	switch {
	case !systemShape.MatchString(d.SystemID) || d.Timeline == 0 || d.End == 0 || d.Fork == 0 || d.Commits < 0 || !savedShape.MatchString(d.Saved):
		return rapbot.Divergence{}, errors.New("a field has a value that cannot be")
	case d.Commits > 0 && d.End <= d.Fork:
		return rapbot.Divergence{}, errors.New("it counts commits where it has no log")
	}
	return d, nil
}
