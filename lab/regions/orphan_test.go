package regions

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Under this variable the test binary is a lab that is about to be killed.
const victimDir = "RAPBOT_REGIONS_VICTIM_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		beVictim(dir)
		return
	}
	os.Exit(m.Run())
}

func beVictim(dir string) {
	// The kill comes from outside; nothing is to be printed before the fleet is in the state to be killed in.
	f, err := Start(context.Background(), Options{Dir: dir})
	if err == nil {
		err = f.Region("us-west-2").Freeze()
	}
	fmt.Println("ready", err)
	select {}
}

// Nothing outlives a lab that is killed, not even a frozen WAL receiver; and the next lab can have its folder.
func TestKilledLab(t *testing.T) {
	dir := openFolder(t)
	self, err := os.Executable()
	must(t, err)
	victim := exec.CommandContext(t.Context(), self)
	victim.Env = append(os.Environ(), victimDir+"="+dir)
	out, err := victim.StdoutPipe()
	must(t, err)
	must(t, victim.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready <nil>\n" {
		_ = victim.Process.Kill()
		t.Fatalf("the lab says %q: %v", line, err)
	}
	if _, err := Start(t.Context(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another fleet runs in") {
		t.Errorf("a second fleet in the same folder: %v", err)
	}
	if running := processesIn(dir); len(running) < 15 {
		t.Errorf("only these run: %v", running)
	}
	must(t, victim.Process.Kill())
	_ = victim.Wait()
	eventually(t, "all servers are gone", func() bool { return len(processesIn(dir)) == 0 })

	f, err := Start(within(t, time.Minute), Options{Dir: dir})
	must(t, err)
	must(t, f.Close())
	if _, err := os.Stat(f.Region("us-east-1").LogFile()); err != nil {
		t.Errorf("the log in a folder that was asked for is gone: %v", err)
	}
}

func TestFolderOfSomethingElseIsLeftAlone(t *testing.T) {
	dir := openFolder(t)
	thesis := filepath.Join(dir, "us-east-1", "thesis.txt")
	must(t, os.MkdirAll(filepath.Dir(thesis), 0o755))
	must(t, os.WriteFile(thesis, nil, 0o644))
	if _, err := Start(t.Context(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(thesis); err != nil {
		t.Error(err)
	}
}

func TestNoPostgreSQL(t *testing.T) {
	t.Setenv("RAPBOT_PG_BIN", t.TempDir())
	if _, err := Start(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "RAPBOT_PG_BIN") {
		t.Errorf("got %v", err)
	}
}
