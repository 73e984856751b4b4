package argocd

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rap-analyzer/rapbot"
)

// historyKey is the annotation that keeps the revisions of a region's element.
func historyKey(region string) string { return "history.rapbot/" + region }

// mostRevisions are kept, as many as Helm keeps twice.
const mostRevisions = 20

// revision is what an element was from one change to the next.
type revision struct {
	Number  int       `json:"revision"`
	At      time.Time `json:"at"`
	Words   string    `json:"words,omitempty"` // as Helm has it: "Upgrade complete", "Rollback to 3"
	Element element   `json:"element"`
}

// history lists a region's revisions, the newest first. The first of them is
// always the element as it is: when that is not what was written down last,
// somebody else has changed it since.
func (s *set) history(region string) ([]revision, error) {
	var written []revision
	if said := s.GetAnnotations()[historyKey(region)]; said != "" {
		if err := json.Unmarshal([]byte(said), &written); err != nil {
			return nil, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("The annotation %s of the ApplicationSet %s cannot be read: %s.", historyKey(region), s.GetName(), bounded(err.Error())),
				fmt.Sprintf("Mend it or take it away; without it rapbot knows no earlier version: `kubectl annotate applicationset %s -n %s %s-`.", s.GetName(), s.GetNamespace(), historyKey(region)))
		}
	}
	slices.SortStableFunc(written, func(a, b revision) int { return b.Number - a.Number })
	now, there := s.find(region)
	switch {
	case !there:
		return nil, nil
	case len(written) == 0:
		return []revision{{Number: 1, At: s.GetCreationTimestamp().UTC(), Words: "As it was found", Element: now.element}}, nil
	case !same(written[0].Element, now.element):
		return append([]revision{{Number: written[0].Number + 1, Words: "Changed by somebody else", Element: now.element}}, written...), nil
	}
	return written, nil
}

// grown is a history with one more revision, as it is written down.
func grown(history []revision, at time.Time, words string, e element) (string, error) {
	number := 1
	if len(history) > 0 {
		number = history[0].Number + 1
		history = slices.Clone(history)
		if history[0].At.IsZero() {
			history[0].At = at // nobody knows better when somebody else changed it
		}
	}
	history = append([]revision{{Number: number, At: at.UTC().Truncate(time.Second), Words: words, Element: e}}, history...)
	out, err := json.Marshal(history[:min(len(history), mostRevisions)])
	return string(out), err
}

// tell is a revision in our words; newest says whether it is the one in force.
func (s *set) tell(r Region, one revision, newest bool) rapbot.Release {
	status := "superseded"
	if newest {
		status = "deployed"
	}
	return rapbot.Release{
		Region: r.Name, Part: rapbot.App, Name: r.Application, Chart: s.chart(), Version: s.version(one.Element),
		Revision: one.Number, Status: status, At: one.At.UTC(), Words: bounded(one.Words),
	}
}

// chart is what the Applications are made of: the last part of the path in the
// repository, and the revision there.
func (s *set) chart() string {
	source, _, _ := unstructured.NestedMap(s.Object, "spec", "template", "spec", "source")
	name := path.Base(text(source["path"]))
	if name == "." {
		name = text(source["chart"])
	}
	if name == "" {
		return ""
	}
	return bounded(name + "@" + text(source["targetRevision"]))
}

func (e element) clone() element { return maps.Clone(e) }
