package alertmanager

import (
	"encoding/base64"
	"regexp"
	"strings"
	texttemplate "text/template"

	"github.com/prometheus/alertmanager/template"
)

// onValues are the functions of the template package that would not do with a
// value escaped for chat what they do with the value itself. They find nothing
// else different than upstream's own, and what they return is as safe as what
// they were given.
var onValues = texttemplate.FuncMap{
	// These two can bring back what was escaped.
	"urlUnescape":  decoding("urlUnescape"),
	"base64decode": decoding("base64decode"),
	// What these three return is never markup: JSON in Go has no brackets.
	"toJson": func(v any) (string, error) {
		out, err := template.DefaultFuncs["toJson"].(func(any) (string, error))(v)
		return entityInJSON.ReplaceAllStringFunc(out, func(s string) string { return jsonOf[s] }), err
	},
	"urlquery": func(args ...any) string {
		for i, a := range args {
			if s, is := a.(string); is {
				args[i] = original(s)
			}
		}
		return texttemplate.URLQueryEscaper(args...)
	},
	"base64encode": func(s string) string { return base64.URLEncoding.EncodeToString([]byte(original(s))) },
	// These change the letters of an entity.
	"toUpper": changing("toUpper"),
	"toLower": changing("toLower"),
	"title":   changing("title"),
}

func decoding(name string) func(string) (string, error) {
	decode := template.DefaultFuncs[name].(func(string) (string, error))
	return func(s string) (string, error) {
		out, err := decode(original(s))
		return unmarked(escaper.Replace(out)), err
	}
}

func changing(name string) func(string) string {
	change := template.DefaultFuncs[name].(func(string) string)
	return func(s string) string { return entity.ReplaceAllStringFunc(change(s), strings.ToLower) }
}

var entity = regexp.MustCompile(`(?i)&(amp|lt|gt);`)

// entityInJSON also finds a backslash that is written as two, so that what
// follows that is not taken for an escape.
var entityInJSON = regexp.MustCompile(`\\\\|\\u0026(?:amp|lt|gt);`)

var jsonOf = map[string]string{`\\`: `\\`, `\u0026amp;`: `\u0026`, `\u0026lt;`: `\u003c`, `\u0026gt;`: `\u003e`}

// original is a safe value as it arrived.
func original(s string) string {
	if rest, marked := strings.CutPrefix(s, noMention); marked && unmarked(rest) != rest {
		s = rest
	}
	return unescaper.Replace(s)
}
