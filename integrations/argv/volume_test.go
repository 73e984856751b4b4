package argv_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/argv"
)

var sources = map[string]string{"us-west-2": "db-usw2.example.com:5432", "eu-west-1": "[2001:db8::7]:5433"}

const fullAnswer = `{"system_id":"7712192133283955976","clean":true,"timeline":2,"end":"0/3002B58","fork":"0/3002880","related":true,"commits":7,"saved":"/srv/saved/2-0-3002880"}`

func answering(t *testing.T, answer string) *argv.Volume {
	return argv.NewVolume(argv.VolumeConfig{Divergence: []string{script(t, "cat <<'END'\n"+answer+"\nEND")}, Sources: sources})
}

func TestDivergenceIsRead(t *testing.T) {
	got, err := answering(t, fullAnswer).Divergence(t.Context(), "us-west-2", 0)
	want := rapbot.Divergence{
		SystemID: "7712192133283955976", Clean: true, Timeline: 2, End: 0x3002B58, Fork: 0x3002880, Related: true, Commits: 7, Saved: "/srv/saved/2-0-3002880",
	}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	straight := strings.NewReplacer(`"commits":7,"saved":"/srv/saved/2-0-3002880"`, `"commits":0`, "0/3002B58", "0/3002880").Replace(fullAnswer)
	if got, err := answering(t, straight).Divergence(t.Context(), "us-west-2", 0); err != nil || !got.Straight() || got.Saved != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

// A field that an answer does not have would be read as zero: nothing lost.
func TestDivergenceIsReadStrictly(t *testing.T) {
	for name, test := range map[string]struct{ answer, want string }{
		"nothing":         {"", "no JSON object"},
		"words":           {"hunter2 said no", "no JSON object"},
		"a list":          {"[" + fullAnswer + "]", "no JSON object"},
		"null":            {"null", "no JSON object"},
		"two":             {fullAnswer + fullAnswer, "something follows"},
		"words after it":  {fullAnswer + "\nhunter2", "something follows"},
		"no commits":      {strings.Replace(fullAnswer, `"commits":7,`, "", 1), "the field commits is missing"},
		"commits of null": {strings.Replace(fullAnswer, `"commits":7`, `"commits":null`, 1), "the field commits is missing"},
		"commits as text": {strings.Replace(fullAnswer, `"commits":7`, `"commits":"7"`, 1), "another kind"},
		"minus commits":   {strings.Replace(fullAnswer, `"commits":7`, `"commits":-7`, 1), "cannot be"},
		"one more":        {strings.Replace(fullAnswer, `{`, `{"hunter2":1,`, 1), "unknown field"},
		"no position":     {strings.Replace(fullAnswer, "0/3002B58", "hunter2", 1), "another kind"},
		"empty position":  {strings.Replace(fullAnswer, "0/3002B58", "", 1), "cannot be"},
		"no log":          {strings.Replace(fullAnswer, "0/3002B58", "0/1", 1), "no log"},
		"no system":       {strings.Replace(fullAnswer, "7712192133283955976", "hunter2", 1), "cannot be"},
		"control":         {strings.Replace(fullAnswer, "/srv", `\u001b`, 1), "cannot be"},
		"too long":        {strings.Repeat(" ", 70_000) + fullAnswer, "too long"},
	} {
		_, err := answering(t, test.answer).Divergence(t.Context(), "us-west-2", 0)
		text := fmt.Sprint(err)
		if rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(text, test.want) || !strings.Contains(text, "(server.sh)") || strings.Contains(text, "hunter2") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	tell := script(t, `printf '<%s>' "$@" >> `+log+`; echo >> `+log)
	words := []string{tell, "{host}", "{port}", "--from={region}:{from}", "$HOME {user} {}", "{HOST}"}
	v := argv.NewVolume(argv.VolumeConfig{Divergence: words, Rewind: words, Rebuild: words, Sources: sources})
	_, _ = v.Divergence(t.Context(), "us-west-2", 0)
	_, _ = v.Divergence(t.Context(), "us-west-2", 0x16B374D848)
	if err := v.Rewind(t.Context(), "eu-west-1"); err != nil {
		t.Error(err)
	}
	if err := v.Rebuild(t.Context(), "eu-west-1", nil); err != nil {
		t.Error(err)
	}
	const rest = "<$HOME {user} {}><{HOST}>\n"
	want := "<db-usw2.example.com><5432><--from=us-west-2:0/0>" + rest +
		"<db-usw2.example.com><5432><--from=us-west-2:16/B374D848>" + rest +
		strings.Repeat("<2001:db8::7><5433><--from=eu-west-1:{from}>"+rest, 2)
	if got, _ := os.ReadFile(log); string(got) != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestOnlyWellShapedValuesGetIn(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	for region, address := range map[string]string{
		"a": "-oProxyCommand=x:5432", "b": "db;id:5432", "c": "db:5432x", "d": "db:0", "e": "db:65536", "f": "db", "g": "$(id):1", "h": "", "i": "a b:1",
		"J;id": "db:5432", "-k": "db:5432",
	} {
		v := argv.NewVolume(argv.VolumeConfig{Rewind: []string{script(t, "touch "+ran)}, Sources: map[string]string{region: address}})
		err := v.Rewind(t.Context(), region)
		if code := rapbot.ErrorCode(err); code != rapbot.Invalid && code != rapbot.NotFound {
			t.Errorf("%s at %q: %v", region, address, err)
		}
	}
	if err := argv.NewVolume(argv.VolumeConfig{Sources: sources}).Rewind(t.Context(), "mars"); rapbot.ErrorCode(err) != rapbot.NotFound {
		t.Errorf("an unknown source: %v", err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a command ran")
	}
}

func TestProgressIsToldWhileItRuns(t *testing.T) {
	folder := t.TempDir()
	// The command waits for a file that is made when its first figures have arrived.
	slow := script(t, `
echo 'waiting for checkpoint' >&2
printf '    0/22952 kB (0%%), 0/1 tablespace\r' >&2
until [ -e `+folder+`/seen ]; do sleep 0.01; done
echo '17600/22952 kB (76%), 0/1 tablespace' >&2
printf '22962/22962 kB (100%%), 1/1 tablespace' >&2`)
	var told []string
	err := argv.NewVolume(argv.VolumeConfig{Rebuild: []string{slow}, Sources: sources, CopyTimeout: 20 * time.Second}).Rebuild(t.Context(), "us-west-2",
		func(done, total int64) {
			told = append(told, fmt.Sprint(done, "/", total))
			_ = os.WriteFile(filepath.Join(folder, "seen"), nil, 0o600)
		})
	want := []string{"0/23502848", "18022400/23502848", "23513088/23513088"}
	if err != nil || !slices.Equal(told, want) {
		t.Errorf("%v, %v", told, err)
	}
}

func TestVolumeCommandsThatFail(t *testing.T) {
	for exit, want := range map[int]rapbot.Code{1: rapbot.Unavailable, 2: rapbot.Unavailable, 3: rapbot.Unavailable, 4: rapbot.Precondition, 5: rapbot.Unavailable} {
		failing := script(t, fmt.Sprintf("for i in $(seq 500); do echo \"$i/500 kB (1%%)\" >&2; done; echo 'password=hunter2' >&2; echo 'the last words' >&2; exit %d", exit))
		v := argv.NewVolume(argv.VolumeConfig{Divergence: []string{failing, "hunter2"}, Rewind: []string{failing}, Rebuild: []string{failing}, Sources: sources})
		_, err := v.Divergence(t.Context(), "us-west-2", 0)
		for _, err := range []error{err, v.Rewind(t.Context(), "us-west-2"), v.Rebuild(t.Context(), "us-west-2", func(_, _ int64) {})} {
			text := fmt.Sprint(err)
			if rapbot.ErrorCode(err) != want || !strings.Contains(text, fmt.Sprintf("exited with %d: ", exit)) || !strings.Contains(text, "the last words") || strings.Contains(text, "hunter2") {
				t.Errorf("exit %d: %v", exit, err)
			}
		}
		if err := v.Rebuild(t.Context(), "us-west-2", nil); strings.Contains(err.Error(), "kB") {
			t.Errorf("the figures push the reason out: %v", err)
		}
	}
	if err := argv.NewVolume(argv.VolumeConfig{Sources: sources}).Rewind(t.Context(), "us-west-2"); err == nil || !strings.Contains(err.Error(), "is not configured. Nothing was changed.") {
		t.Errorf("without a command: %v", err)
	}
}

func TestVolumeDeadlines(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	hang := []string{script(t, "sleep 300 & echo $! > "+pids+"; wait")}
	v := argv.NewVolume(argv.VolumeConfig{Divergence: hang, Rebuild: hang, Sources: sources, Timeout: 300 * time.Millisecond})
	if _, err := v.Divergence(t.Context(), "us-west-2", 0); err == nil || !strings.Contains(err.Error(), "did not end within 300 ms") {
		t.Errorf("got %v", err)
	}
	expectGone(t, pids)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := v.Rebuild(ctx, "us-west-2", nil); err == nil || !strings.Contains(err.Error(), "no longer waited for") {
		t.Errorf("got %v", err)
	}
	expectGone(t, pids)
}
