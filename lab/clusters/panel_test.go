package clusters

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot/lab/kubernetes"
)

// What the page cannot have asked for is refused in words.
func TestBreakRefuses(t *testing.T) {
	f := &Fleet{Lab: &kubernetes.Lab{}}
	for _, c := range []struct {
		body, words string
		status      int
	}{
		{`freeze`, "no JSON object such as", 400},
		{`{"what":"freeze-api","region":"mars"}`, `no region \"mars\"`, 404},
	} {
		got := httptest.NewRecorder()
		f.Handler().ServeHTTP(got, httptest.NewRequest("POST", "/lab/break", strings.NewReader(c.body)))
		if got.Code != c.status || !strings.Contains(got.Body.String(), c.words) {
			t.Errorf("%s: %d %s", c.body, got.Code, got.Body)
		}
	}
}
