package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// What the script says and how it exits reach rapbot as if it ran the script itself.
func TestVolumePassesOn(t *testing.T) {
	for body, want := range map[string]string{
		`{"stderr":"1/2 kB (50%)\n"}{"stdout":"{}\n"}{"stderr":"2/2 kB"}{"exit":0}`: "0 {}\n 1/2 kB (50%)\n2/2 kB",
		`{"stderr":"it runs\n"}{"exit":4}`:                                          "4  it runs\n",
		`{"error":"no script"}`:                                                     "1  no script\n",
		`{"ok":false,"error":"no region \"mars\""}`:                                 "1  no region \"mars\"\n",
		`{"stdout":"half"}`:                                                         "1 half the lab ended in the middle of its answer: EOF\n",
	} {
		var asked string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.Method + " " + r.URL.String()
			fmt.Fprint(w, body)
		}))
		var stdout, stderr bytes.Buffer
		exit := volume(server.URL+"/lab/instances/us-east-1/divergence", []string{"us-west-2", "0/3000148"}, &stdout, &stderr)
		server.Close()
		if got := fmt.Sprint(exit, " ", stdout.String(), " ", stderr.String()); got != want {
			t.Errorf("%s:\ngot  %q\nwant %q", body, got, want)
		}
		if want := "POST /lab/instances/us-east-1/divergence?from=0%2F3000148&source=us-west-2"; asked != want {
			t.Errorf("asked %s, want %s", asked, want)
		}
	}
}
