package helm_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm"
)

// silentServer takes connections and never answers.
func silentServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	return "http://" + l.Addr().String()
}

const token = "hunter2-the-token"

// against has an API server that answers everything alike.
func against(t *testing.T, answer http.HandlerFunc) *helm.Helm {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	h, err := helm.New(helm.Config{Timeout: 2 * time.Second, ApplyTimeout: 2 * time.Second, Regions: []helm.Region{{
		Name: east, Namespace: "shop", Cluster: reach(&rest.Config{Host: s.URL, BearerToken: token}),
		Parts: map[rapbot.Part]helm.Part{rapbot.App: {Release: "shop", Chart: helm.Source{Path: "testdata/shop"}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Whatever a server answers, the call ends, and what is said of it is short and
// has no token in it.
func TestHostileServer(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token left for another server")
		}
		http.Error(w, "elsewhere", http.StatusTeapot)
	}))
	t.Cleanup(elsewhere.Close)
	for name, answer := range map[string]http.HandlerFunc{
		"repeats the token": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "you said "+r.Header.Get("Authorization")+", "+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), http.StatusInternalServerError)
		},
		"repeats it in a status": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"no: %s %s"}`, token, strings.Repeat("long ", 10000))
		},
		"asks to wait": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"sends without end": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"items": [`)
			for {
				if _, err := fmt.Fprint(w, strings.Repeat(`{},`, 20000)); err != nil {
					return
				}
			}
		},
		"sends no JSON":   func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"sends nothing":   func(http.ResponseWriter, *http.Request) {},
		"sends elsewhere": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"hangs up": func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = c.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := against(t, answer)
			for _, err := range []error{
				second(h.Release(t.Context(), east, rapbot.App)), second(h.Preview(t.Context(), change())),
				second(h.Apply(t.Context(), change())), second(h.RollBack(t.Context(), east, rapbot.App, 1)),
			} {
				expect(t, err, rapbot.Unavailable)
				e, is := err.(*rapbot.Error)
				if !is {
					t.Fatalf("the error is a %T", err)
				}
				text := fmt.Sprintf("%v %+v %v", err, err, e.Err)
				if strings.Contains(text, token) || len(e.What) > 1200 || strings.ContainsAny(e.What, "\n\x00") {
					t.Errorf("%d bytes: %s", len(e.What), text)
				}
			}
		})
	}
}

func TestConfigurations(t *testing.T) {
	part := helm.Part{Release: "shop", Chart: helm.Source{Path: "testdata/shop"}}
	here := func(*testing.T) func() (*rest.Config, error) { return reach(&rest.Config{}) }
	for want, cfg := range map[string]helm.Config{
		"helm: us-east-1, app: configured twice":                                                                            {Regions: []helm.Region{{Name: east, Namespace: "n", Cluster: here(t), Parts: map[rapbot.Part]helm.Part{rapbot.App: part}}, {Name: east, Namespace: "n", Cluster: here(t), Parts: map[rapbot.Part]helm.Part{rapbot.App: part}}}},
		"helm: us-east-1, app: needs a release name, a namespace and a chart":                                               {Regions: []helm.Region{{Name: east, Cluster: here(t), Parts: map[rapbot.Part]helm.Part{rapbot.App: part}}}},
		"helm: us-east-1, database: has no way to the API server":                                                           {Regions: []helm.Region{{Name: east, Namespace: "n", Parts: map[rapbot.Part]helm.Part{rapbot.Database: part}}}},
		"helm: the owner's name is none for a label: at most 63 letters, digits, - _ . with a letter or digit at both ends": {Owner: "two words"},
	} {
		if _, err := helm.New(cfg); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	h, err := helm.New(helm.Config{Regions: []helm.Region{{Name: east, Namespace: "n", Cluster: func() (*rest.Config, error) {
		return nil, fmt.Errorf("read kubeconfig: password: hunter2")
	}, Parts: map[rapbot.Part]helm.Part{rapbot.App: part}}}})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, second(h.Release(t.Context(), "us-west-2", rapbot.App)), rapbot.NotFound)
	expect(t, second(h.Release(t.Context(), east, rapbot.Database)), rapbot.NotFound)
	err = second(h.Release(t.Context(), east, rapbot.App))
	expect(t, err, rapbot.Unavailable)
	if want := "There is no way to the API server of us-east-1: read kubeconfig: password: (hidden)."; !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}
