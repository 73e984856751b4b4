package regions

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

type caller func(method, path, body string, wantStatus int) map[string]any

func newCaller(t *testing.T, f *Fleet) caller {
	t.Helper()
	server := httptest.NewServer(f.Handler())
	t.Cleanup(server.Close)
	return func(method, path, body string, wantStatus int) map[string]any {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		must(t, err)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		defer response.Body.Close()
		var answer map[string]any
		must(t, json.NewDecoder(response.Body).Decode(&answer))
		if response.StatusCode != wantStatus {
			t.Fatalf("%s %s %s: %d %v, want %d", method, path, body, response.StatusCode, answer, wantStatus)
		}
		if words, _ := answer["error"].(string); wantStatus >= 400 && (answer["ok"] != false || words == "") {
			t.Errorf("%s %s %s: the error is %v", method, path, body, answer)
		}
		return answer
	}
}

func refusesWithoutWriter(t *testing.T, f *Fleet) {
	call := newCaller(t, f)
	call("GET", "/lab/writer", "", 409)
	call("GET", "/lab/writer/check", "", 409)
	if _, has := call("GET", "/lab/fleet", "", 200)["writer"]; has {
		t.Error("the fleet has counters of no writer")
	}
}

func servesTheAPI(t *testing.T, f *Fleet) {
	call := newCaller(t, f)
	state := func(region string) any {
		t.Helper()
		return call("POST", "/lab/instances/"+region+"/status", "", 200)["state"]
	}

	if _, err := f.StartWriter(WriterOptions{}); err == nil {
		t.Error("a second writer would use the first one's numbers")
	}
	eventually(t, "rows acknowledged", func() bool { return call("GET", "/lab/writer", "", 200)["acknowledged"].(float64) > 50 })
	call("POST", "/lab/writer/reset-gap", "", 200)
	fleet := call("GET", "/lab/fleet", "", 200)
	if len(fleet["regions"].([]any)) != 3 || fleet["writer"].(map[string]any)["attempted"].(float64) < 50 {
		t.Errorf("%v", fleet)
	}

	call("POST", "/lab/break", `{"what":"freeze","region":"us-west-2"}`, 200)
	if state("us-west-2") != "running" {
		t.Error("a frozen server runs")
	}
	call("POST", "/lab/break", `{"what":"thaw","region":"us-west-2"}`, 200)
	call("POST", "/lab/break", `{"what":"kill","region":"eu-west-1"}`, 200)
	if state("eu-west-1") != "stopped" {
		t.Error("a killed server does not run")
	}
	call("POST", "/lab/break", `{"what":"start","region":"eu-west-1"}`, 200)
	call("POST", "/lab/instances/us-west-2/start-replica", "", 200)
	call("POST", "/lab/instances/us-west-2/start-primary", "", 409)
	call("POST", "/lab/instances/us-west-2/stop", "", 200)
	call("POST", "/lab/break", `{"what":"freeze","region":"us-west-2"}`, 409)

	if links := call("GET", "/lab/links", "", 200)["links"].([]any); len(links) != 0 {
		t.Errorf("a fleet without links has %v", links)
	}
	for _, what := range []string{"cut", "heal", "dark", "light"} {
		call("POST", "/lab/break", `{"what":"`+what+`","region":"us-west-2"}`, 409)
	}
	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","state":"cut"}`, 409)

	call("POST", "/lab/break", `{"what":"melt","region":"us-west-2"}`, 400)
	call("POST", "/lab/break", `{"what":"kill","region":"mars"}`, 404)
	call("POST", "/lab/break", `kill`, 400)
	call("POST", "/lab/instances/mars/stop", "", 404)
	call("POST", "/lab/instances/us-west-2/restart", "", 404)

	call("POST", "/lab/instances/us-west-2/start-replica", "", 200)
	check := call("GET", "/lab/writer/check", "", 200)
	ids := call("GET", "/lab/writer/acked", "", 200)["ids"].([]any)
	if check["found"] != check["acknowledged"] || len(check["lost"].([]any)) != 0 || len(ids) < int(check["found"].(float64)) {
		t.Errorf("%v for %d ids", check, len(ids))
	}
}
