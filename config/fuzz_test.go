package config

import (
	"os"
	"strings"
	"testing"
)

// FuzzParse: whatever the file says, there is a Config or there are Problems,
// each of one line, with a fix and a line that the file has, and without a secret.
func FuzzParse(f *testing.F) {
	f.Add(Sample)
	for _, file := range goldens(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		input, _, _ := strings.Cut(string(data), separator)
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse([]byte(text), lookup, readGolden)
		if (c == nil) == (err == nil) {
			t.Fatalf("config %v, error %v", c, err)
		}
		if err == nil {
			return
		}
		problems := err.(Problems)
		if lines := strings.Count(problems.Error(), "\n") + 1; lines != len(problems) {
			t.Errorf("%d problems on %d lines:\n%v", len(problems), lines, err)
		}
		breaks := 0
		for _, r := range text {
			if strings.ContainsRune("\n\r\u0085\u2028\u2029", r) {
				breaks++
			}
		}
		for _, p := range problems {
			if p.Problem == "" || p.Fix == "" || p.Line < 0 || p.Line > breaks+2 {
				t.Errorf("%#v", p)
			}
		}
		for name, value := range goldenEnv {
			if len(value) >= shortestToken && strings.Contains(text, name) && strings.Contains(err.Error(), value) {
				t.Errorf("%s is shown by\n%v", name, err)
			}
		}
	})
}
