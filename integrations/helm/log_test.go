package helm_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm"
)

const quietVariable = "RAPBOT_HELM_TEST_QUIET"

// quiet is a process whose libraries have something to say.
func quiet(url string) {
	to := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewDevelopmentEncoderConfig()), os.Stdout, zap.DebugLevel))
	helm.Redirect(to)
	h, err := helm.New(helm.Config{Log: to, Regions: []helm.Region{{
		Name: east, Namespace: "shop", Cluster: reach(&rest.Config{Host: url}),
		Parts: map[rapbot.Part]helm.Part{rapbot.App: {Release: "shop", Chart: helm.Source{Path: "testdata/shop"}}},
	}}})
	if err != nil {
		panic(err)
	}
	_, _ = h.Preview(context.Background(), change())
	klog.ErrorS(nil, "from klog", "password", "x", "header", "Authorization: Bearer hunter2")
	slog.With("token", "x").WithGroup("group").Error("from slog", "text", "password: hunter2")
	log.Print("from log, password=hunter2")
	log.Print("http: panic serving 127.0.0.1")
}

// What Helm and client-go say through the loggers of the process goes to ours,
// at debug level and without secrets, and never to stderr.
func TestNothingIsSaidOnStderr(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Warning", `299 - "from the server"`)
		fmt.Fprint(w, "no JSON")
	}))
	defer s.Close()
	var out, errs bytes.Buffer
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), quietVariable+"="+s.URL)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if errs.Len() > 0 {
		t.Errorf("on stderr: %s", errs.String())
	}
	for _, want := range []string{"from klog", "from slog", "from log", "http: panic", `"group.text":"password: (hidden)"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log does not have %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "hunter2") {
		t.Errorf("the log has a secret:\n%s", out.String())
	}
	for line := range strings.Lines(out.String()) {
		want := `"L":"DEBUG"`
		if strings.Contains(line, "http: panic") {
			want = `"L":"WARN"`
		}
		if !strings.Contains(line, want) {
			t.Errorf("want %s: %s", want, line)
		}
	}
}
