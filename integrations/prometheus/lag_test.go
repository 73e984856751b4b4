package prometheus

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

const secret = "hunter2-hunter2-hunter2"

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// ask serves one answer and asks for the ten seconds from noon on.
func ask(t *testing.T, timeout time.Duration, bytes bool, answer http.HandlerFunc) ([]rapbot.LagSeries, error) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	l, err := New(Config{URL: server.URL + "/prom", Token: secret, LagQuery: "lag", LagBytesQuery: "lag_bytes", Regions: []string{"us-west-2", "eu-west-1"}, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return l.Lag(t.Context(), noon, noon.Add(10*time.Second), bytes)
}

func matrix(series ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[%s]}}`, strings.Join(series, ","))
	}
}

// series is one of the API's, with a value each second from noon on; "-" is
// none.
func series(region string, values ...string) string {
	var points []string
	for i, v := range values {
		if v != "-" {
			points = append(points, fmt.Sprintf(`[%d,%q]`, noon.Unix()+int64(i), v))
		}
	}
	return fmt.Sprintf(`{"metric":{"region":%q},"values":[%s]}`, region, strings.Join(points, ","))
}

func shown(all []rapbot.LagSeries) string {
	text := ""
	for _, s := range all {
		text += s.Region + ":"
		for _, p := range s.Points {
			if p.Gap {
				text += " |"
			} else {
				text += fmt.Sprintf(" %g", p.Value)
			}
		}
		text += "; "
	}
	return text
}

func TestLag(t *testing.T) {
	full := []string{"1", "1", "1", "1", "1", "1", "1", "1", "1", "1"}
	for name, tt := range map[string]struct {
		series []string
		want   string
	}{
		"as it is":               {[]string{series("us-west-2", "0.5", "1", "2.25", "1", "1", "1", "1", "1", "1", "1")}, "us-west-2: 0.5 1 2.25 1 1 1 1 1 1 1; "},
		"two regions":            {[]string{series("us-west-2", full...), series("eu-west-1", full...)}, "us-west-2: 1 1 1 1 1 1 1 1 1 1; eu-west-1: 1 1 1 1 1 1 1 1 1 1; "},
		"a gap":                  {[]string{series("us-west-2", "1", "1", "-", "-", "-", "2", "2", "2", "2", "2")}, "us-west-2: 1 1 | 2 2 2 2 2; "},
		"no number is a gap":     {[]string{series("us-west-2", "1", "NaN", "+Inf", "2", "2", "2", "2", "2", "2", "2")}, "us-west-2: 1 | 2 2 2 2 2 2 2; "},
		"nothing at the end":     {[]string{series("us-west-2", "1", "1")}, "us-west-2: 1 1 |; "},
		"a region of nobody's":   {[]string{series("mars-1", full...)}, ""},
		"no region":              {[]string{`{"metric":{},"values":[[1,"1"]]}`}, ""},
		"nothing":                {nil, ""},
		"nothing that is number": {[]string{series("us-west-2", "NaN")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ask(t, 0, false, matrix(tt.series...))
			if err != nil || shown(got) != tt.want {
				t.Errorf("got  %q, %v\nwant %q", shown(got), err, tt.want)
			}
		})
	}
}

func TestWhatIsAsked(t *testing.T) {
	for _, bytes := range []bool{false, true} {
		_, err := ask(t, 0, bytes, func(w http.ResponseWriter, r *http.Request) {
			want := "lag"
			if bytes {
				want = "lag_bytes"
			}
			if got := r.FormValue("query"); got != want || r.URL.Path != "/prom/api/v1/query_range" {
				t.Errorf("asked %q at %s", got, r.URL.Path)
			}
			if r.FormValue("start") != fmt.Sprint(noon.Unix()) || r.FormValue("end") != fmt.Sprint(noon.Unix()+10) || r.FormValue("step") != "1" {
				t.Errorf("asked from %s to %s each %s", r.FormValue("start"), r.FormValue("end"), r.FormValue("step"))
			}
			if r.Header.Get("Authorization") != "Bearer "+secret {
				t.Error("the token was not given")
			}
			matrix()(w, r)
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestTrouble wants one short sentence for whatever a server does, the token in
// none of them.
func TestTrouble(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("somebody else was asked, with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"a wrong query": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"status":"error","errorType":"bad_data","error":"1:4: parse error:\n`+strings.Repeat("x", 900)+`"}`)
		}, "Prometheus does not understand the query: 1:4: parse error: xxx"},
		"not allowed": {func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no: "+r.Header.Get("Authorization"), http.StatusUnauthorized)
		}, "Prometheus answered with an error: client error: 401"},
		"broken":    {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "x", http.StatusInternalServerError) }, "Prometheus answered with an error: server error: 500"},
		"no JSON":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "Prometheus "},
		"silent":    {func(_ http.ResponseWriter, r *http.Request) { _ = r.ParseForm(); <-r.Context().Done() }, "Prometheus gave no answer in 300 ms."},
		"endless":   {func(w http.ResponseWriter, _ *http.Request) { endless(w) }, "Prometheus answered with more than 8.0 MiB."},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "Prometheus "},
		"no series": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`)
		}, "Prometheus answered with a scalar"},
		"two a region": {matrix(series("eu-west-1", "1"), series("eu-west-1", "2")), "Prometheus answered with several series of eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			timeout := 20 * time.Second
			if name == "silent" {
				timeout = 300 * time.Millisecond
			}
			_, err := ask(t, timeout, false, tt.answer)
			if rapbot.ErrorCode(err) != rapbot.Unavailable {
				t.Fatalf("got %v", err)
			}
			if text := err.Error(); !strings.HasPrefix(text, tt.want) || len(text) > 400 || !strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
				t.Errorf("said %q, want %q", text, tt.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the token is told: %v", err)
			}
		})
	}
}

func endless(w http.ResponseWriter) {
	page := strings.Repeat("[", 1<<16)
	for range 1000 {
		if _, err := io.WriteString(w, page); err != nil {
			return
		}
	}
}

func TestNobodyThere(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	l, err := New(Config{URL: server.URL, Token: secret})
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Lag(context.Background(), noon, noon.Add(time.Hour), false)
	if err == nil || err.Error() != "Prometheus cannot be reached." {
		t.Errorf("got %v", err)
	}
}
