package blockschema

import "strings"

// Problem is one reason why Slack would refuse a payload.
type Problem struct {
	Pointer string // JSON pointer, such as /blocks/0/text/text or /view/title/text
	Words   string
}

// String is the problem as chat.postMessage and views.open list it in "errors".
func (p Problem) String() string { return p.Words + " [json-pointer:" + p.Pointer + "]" }

// Problems is an error that lists what is wrong.
type Problems []Problem

func (ps Problems) Error() string {
	words := make([]string, len(ps))
	for i, p := range ps {
		words[i] = p.String()
	}
	return strings.Join(words, "; ")
}

// orNil is the problems as an error, nil when there are none.
func (ps Problems) orNil() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}
