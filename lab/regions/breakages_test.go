package regions

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func darkRegionsGiveNoAnswer(t *testing.T, f *Fleet) {
	call := newCaller(t, f)
	call("POST", "/lab/break", `{"what":"dark","region":"us-west-2"}`, 200)
	expectPings(t, f, ViewerBot, "answer silence answer")
	for _, act := range []string{"status", "stop"} {
		if words := call("POST", "/lab/instances/us-west-2/"+act, "", http.StatusGatewayTimeout)["error"]; words != "no answer from us-west-2" {
			t.Errorf("%s: %v", act, words)
		}
	}
	if line := f.Status(t.Context())[1]; line.Dark == nil || !*line.Dark || line.State != Running {
		t.Errorf("a dark region's server runs on: %+v", line)
	}
	call("POST", "/lab/break", `{"what":"light","region":"us-west-2"}`, 200)
	call("POST", "/lab/instances/us-west-2/status", "", 200)
	expectPings(t, f, ViewerBot, "answer answer answer")
}

// The bot's commands exit as those of a region that cannot be reached: not known, which is neither running nor stopped.
func instanceExitsWithNotKnown(t *testing.T, f *Fleet) {
	program := filepath.Join(t.TempDir(), "instance")
	if out, err := exec.Command("go", "build", "-o", program, "../instance").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lab := httptest.NewServer(f.Handler())
	defer lab.Close()
	status := func() (int, string) {
		cmd := exec.Command(program, lab.URL, "us-west-2", "status")
		out, _ := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out)
	}
	f.Region("us-west-2").SetReachable(false)
	if code, words := status(); code != 1 || !strings.Contains(words, "no answer from us-west-2") {
		t.Errorf("in the dark: exit %d, %s", code, words)
	}
	f.Region("us-west-2").SetReachable(true)
	if code, words := status(); code != 0 {
		t.Errorf("in the light: exit %d, %s", code, words)
	}
}

func servesLinks(t *testing.T, f *Fleet) {
	call := newCaller(t, f)
	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","state":"cut","delay_ms":7,"jitter_ms":3}`, 200)
	var changed []string
	for _, line := range call("GET", "/lab/links", "", 200)["links"].([]any) {
		l := line.(map[string]any)
		if l["state"] != "ok" || l["delay_ms"] != 0.0 {
			changed = append(changed, fmt.Sprintf("%v to %v: %v, %v+%v ms", l["from"], l["to"], l["state"], l["delay_ms"], l["jitter_ms"]))
		}
	}
	if fmt.Sprint(changed) != "[bot to us-east-1: cut, 7+3 ms]" {
		t.Errorf("changed: %v", changed)
	}
	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","delay_ms":0}`, 200)
	if state := f.Link(ViewerBot, "us-east-1").State(); state != LinkCut {
		t.Errorf("another delay has made the link %s", state)
	}
	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","state":"ok"}`, 200)

	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","state":"shut"}`, 400)
	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","delay_ms":-1}`, 400)
	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","delay_ms":"much"}`, 400)
	call("POST", "/lab/links", `{"from":"us-east-1","to":"us-east-1","state":"cut"}`, 404)
	call("POST", "/lab/links", `{"from":"moon","to":"us-east-1","state":"cut"}`, 404)
	call("POST", "/lab/break", `{"what":"delay","region":"us-west-2"}`, 400)
	call("POST", "/lab/break", `{"what":"delay","region":"us-west-2","ms":3600000}`, 400)
	call("POST", "/lab/break", `{"what":"burn","mb":0}`, 400)
	call("POST", "/lab/break", `{"what":"burn"}`, 400)
	call("POST", "/lab/break", `{"what":"burn","mb":1,"region":"us-west-2"}`, 409)
	call("POST", "/lab/break", `{"what":"pause-replay","region":"us-east-1"}`, 409)
	call("POST", "/lab/break", `{"what":"lose-slot","region":"us-east-1"}`, 409)
	for what, want := range map[string]LinkState{"cut": LinkCut, "stall": LinkStalled, "heal": LinkOK} {
		call("POST", "/lab/break", `{"what":"`+what+`","region":"us-west-2"}`, 200)
		if state := f.Link("us-west-2", "us-east-1").State(); state != want {
			t.Errorf("%s leaves the link %s", what, state)
		}
	}
	call("POST", "/lab/break", `{"what":"delay","region":"us-west-2","ms":5}`, 200)
	call("POST", "/lab/break", `{"what":"heal","region":"us-west-2"}`, 200)
	if ms := f.Link("us-west-2", "us-east-1").shown().DelayMS; ms != 0 {
		t.Errorf("a healed link delays by %d ms", ms)
	}
}

func pausesReplay(t *testing.T, f *Fleet) {
	call := newCaller(t, f)
	replica := login(t, f.Region("us-west-2").DSN(Rapbot))
	call("POST", "/lab/break", `{"what":"pause-replay","region":"us-west-2"}`, 200)
	eventually(t, "WAL arrives and is not replayed", func() bool {
		return ask[bool](t, replica, "SELECT pg_last_wal_receive_lsn() - pg_last_wal_replay_lsn() > 20000")
	})
	if line := f.Status(t.Context())[1]; !line.Paused || line.Streaming == nil || !*line.Streaming {
		t.Errorf("%+v", line)
	}
	call("POST", "/lab/break", `{"what":"resume-replay","region":"us-west-2"}`, 200)
	call("POST", "/lab/break", `{"what":"resume-replay","region":"us-west-2"}`, 200)
	eventually(t, "what arrived is replayed", func() bool {
		return ask[bool](t, replica, "SELECT pg_last_wal_receive_lsn() - pg_last_wal_replay_lsn() < 20000")
	})
}

func burnsWAL(t *testing.T, f *Fleet) {
	conn := login(t, f.Region("us-east-1").DSN(Rapbot))
	before := ask[string](t, conn, "SELECT pg_current_wal_flush_lsn()::text")
	newCaller(t, f)("POST", "/lab/break", `{"what":"burn","mb":20}`, 200)
	if burned := ask[int](t, conn, "SELECT (pg_current_wal_flush_lsn() - '"+before+"')::int"); burned < 20<<20 {
		t.Errorf("%d bytes of WAL after 20 MB were burned", burned)
	}
}

// A lost slot is lost for good: the replica cannot stream any more, and no other slot and no setting has changed.
func losesASlot(t *testing.T, f *Fleet) {
	newCaller(t, f)("POST", "/lab/break", `{"what":"lose-slot","region":"us-west-2"}`, 200)
	if state := f.Region("us-west-2").State(); state != Running {
		t.Errorf("the server is %s", state)
	}
	conn := login(t, f.Region("us-east-1").DSN(Admin))
	if got := ask[string](t, conn, "SELECT string_agg(slot_name || ' ' || wal_status, ', ' ORDER BY slot_name) FROM pg_replication_slots"); got != "euw1 reserved, usw2 lost" {
		t.Errorf("the slots are %s", got)
	}
	if got := ask[string](t, conn, "SHOW max_slot_wal_keep_size"); got != "1GB" {
		t.Errorf("max_slot_wal_keep_size is left at %s", got)
	}
	eventually(t, "the replica has tried to stream again and could not", func() bool {
		log, err := os.ReadFile(f.Region("us-west-2").LogFile())
		return err == nil && strings.Contains(string(log), "FATAL:  could not receive data from WAL stream: ERROR:") // whose words differ between versions
	})
	if v := newView(t, f); v.streams("us-west-2") || !v.streams("eu-west-1") {
		t.Errorf("%+v", f.Status(t.Context()))
	}
}
