package rapbot

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
)

// answered are the fields that every answer has; saved comes on top when
// something was.
var answered = []string{"system_id", "clean", "timeline", "end", "fork", "related", "commits"}

const savedField = "saved"

var (
	systemShape = regexp.MustCompile(`^[0-9]{1,20}$`)
	savedShape  = regexp.MustCompile(`^[^\x00-\x1f\x7f]{0,1000}$`)
)

// ReadDivergence reads what volume.sh divergence prints: one JSON object. It
// is strict: a field that is missing or unknown is an older or newer script,
// whose zero would be read as "nothing was lost". The errors are about "it", and
// repeat nothing of the answer, which may hold anything (R10).
func ReadDivergence(answer []byte) (Divergence, error) {
	var d Divergence
	var fields map[string]json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(answer))
	if err := decoder.Decode(&fields); err != nil || fields == nil {
		return d, errors.New("it is no JSON object")
	}
	if rest := answer[decoder.InputOffset():]; len(bytes.TrimSpace(rest)) > 0 {
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
	if err := json.Unmarshal(answer, &d); err != nil {
		return Divergence{}, errors.New("a field has a value of another kind")
	}
	switch {
	case !systemShape.MatchString(d.SystemID) || d.Timeline == 0 || d.End == 0 || d.Fork == 0 || d.Commits < 0 || !savedShape.MatchString(d.Saved):
		return Divergence{}, errors.New("a field has a value that cannot be")
	case d.Commits > 0 && d.End <= d.Fork:
		return Divergence{}, errors.New("it counts commits where it has no log")
	}
	return d, nil
}
