package blockschema

import (
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// reasons boils the validator's tree down to what a person can use. Where a value may be one of many types, only the type it
// claims to be is looked at: nobody wants to read why a button is no date picker.
func reasons(e *jsonschema.ValidationError, root string) []Problem {
	if _, many := e.ErrorKind.(*kind.AnyOf); many {
		return likeliest(e, root)
	}
	if len(e.Causes) > 0 {
		var out []Problem
		for _, cause := range e.Causes {
			out = append(out, reasons(cause, root)...)
		}
		return out
	}
	at := pointer(root, e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return each(at, "missing required field: ", k.Missing)
	case *kind.AdditionalProperties:
		return each(at, "invalid additional property: ", k.Properties)
	case *kind.Type:
		return []Problem{{at, "must provide a value of type " + strings.Join(k.Want, " or ")}}
	case *kind.Const:
		return []Problem{{at, unsupported(at, k.Got)}}
	case *kind.Enum:
		return []Problem{{at, unsupported(at, k.Got)}}
	default:
		return []Problem{{at, k.LocalizedString(message.NewPrinter(language.English))}}
	}
}

// likeliest is what is wrong with the alternative that was meant: the one whose type fits, with the fewest complaints.
func likeliest(e *jsonschema.ValidationError, root string) []Problem {
	kindAt := pointer(root, e.InstanceLocation) + "/type"
	var best, unfit []Problem
	for _, cause := range e.Causes {
		found := reasons(cause, root)
		if i := indexAt(found, kindAt); i >= 0 {
			unfit = found[i : i+1]
			continue
		}
		if best == nil || len(found) < len(best) {
			best = found
		}
	}
	if best == nil {
		return unfit
	}
	return best
}

func indexAt(problems []Problem, pointer string) int {
	for i, p := range problems {
		if p.Pointer == pointer {
			return i
		}
	}
	return -1
}

func unsupported(at string, got any) string {
	if strings.HasSuffix(at, "/type") {
		return fmt.Sprintf("unsupported type: %v", got)
	}
	return "must be a valid enum value"
}

func each(at, words string, names []string) []Problem {
	out := make([]Problem, len(names))
	for i, name := range names {
		out[i] = Problem{at, words + name}
	}
	return out
}

func pointer(root string, location []string) string {
	var out strings.Builder
	out.WriteString(root)
	for _, step := range location {
		out.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(step))
	}
	return out.String()
}
