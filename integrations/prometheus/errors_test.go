package prometheus

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

func TestErrorRate(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		rate   float64
		known  bool
		wrong  bool
	}{
		"one":          {`{"resultType":"vector","result":[{"metric":{},"value":[1,"0.25"]}]}`, 0.25, true, false},
		"a scalar":     {`{"resultType":"scalar","result":[1,"0.5"]}`, 0.5, true, false},
		"no requests":  {`{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]}]}`, 0, false, false},
		"not known":    {`{"resultType":"vector","result":[]}`, 0, false, false},
		"two":          {`{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1,"1"]},{"metric":{},"value":[1,"1"]}]}`, 0, false, true},
		"another kind": {`{"resultType":"matrix","result":[]}`, 0, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			asked := ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.FormValue("query")
				_, _ = w.Write([]byte(`{"status":"success","data":` + tt.answer + `}`))
			}))
			t.Cleanup(server.Close)
			l, err := New(Config{URL: server.URL, ErrorQuery: `errors{region="{region}"}`})
			if err != nil {
				t.Fatal(err)
			}
			rate, known, err := l.ErrorRate(t.Context(), "eu-west-1")
			if rate != tt.rate || known != tt.known || (err != nil) != tt.wrong || tt.wrong && rapbot.ErrorCode(err) != rapbot.Unavailable {
				t.Errorf("%v, %t, %v", rate, known, err)
			}
			if asked != `errors{region="eu-west-1"}` {
				t.Errorf("asked %s", asked)
			}
		})
	}
}
