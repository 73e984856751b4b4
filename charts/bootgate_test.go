package charts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Two identifiers that are the same number to a program that counts in doubles.
const (
	ourSystem    = "7300000000000000001"
	otherSystem  = "7300000000000000002"
	streamingOn3 = "streaming 3 use1"
)

// says is what psql prints of a peer: "streaming 3 use1", "primary 3", "silent"; another database's has the suffix "elsewhere".
func says(words string) string {
	var kind, slot string
	var timeline int
	_, _ = fmt.Sscan(words, &kind, &timeline, &slot) // what is not said stays empty
	system := ourSystem
	if strings.HasSuffix(words, "elsewhere") {
		system = otherSystem
	}
	identity := fmt.Sprintf("systemid=%s\ntimeline=%d\nxlogpos=0/3000148\ndbname=\n", system, timeline)
	switch kind {
	case "primary":
		return identity + "in_hot_standby=off\ntransaction_read_only=off\nprimary_slot_name=" + slot + "\n"
	case "streaming":
		return identity + "in_hot_standby=on\ntransaction_read_only=on\nprimary_slot_name=" + slot + "\n"
	case "version13": // does not know in_hot_standby
		return identity + "transaction_read_only=on\nprimary_slot_name=" + slot + "\n"
	case "closed": // rejects everybody
		return "rejected\n"
	case "cut": // off in the middle
		return identity + "in_hot_standby=on\ntransaction_read_only=on\n"
	}
	return ""
}

// shells are the ones of this machine that the script must run under.
func shells(t *testing.T, test func(*testing.T, string)) {
	t.Helper()
	for _, name := range []string{"dash", "bash"} {
		shell, err := exec.LookPath(name)
		t.Run(name, func(t *testing.T) {
			if err != nil {
				t.Skip(err)
			}
			t.Parallel()
			test(t, shell)
		})
	}
}

func TestVerdicts(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		for _, c := range []struct{ west, eu, env, want string }{
			{streamingOn3, streamingOn3, "", "open"},
			{streamingOn3, "silent", "", "open"},
			{"version13 3 use1", "silent", "", "open"},
			{"streaming 2 use1", "silent", "", "open"},
			{"silent", "silent", "", "held 0 of the 1 peers needed answered, west gives no answer, eu gives no answer"},
			{"silent", "silent", "GATE_QUORUM=0", "open"},
			{streamingOn3, "silent", "GATE_QUORUM=2", "held 1 of the 2 peers needed answered, eu gives no answer"},
			{"silent", "streaming 3 use1 elsewhere", "", "held 0 of the 1 peers needed answered, west gives no answer, eu is another database"},
			{"cut 3", streamingOn3, "", "held west runs and lets nobody in, as one that is about to open does"},
			{"closed", streamingOn3, "", "held west runs and lets nobody in, as one that is about to open does"},
			{streamingOn3, "streaming 4 use1", "", "held eu is on timeline 4, ours is 3: another region was promoted"},
			{"streaming 10 use1", "silent", "GATE_QUORUM=0", "held west is on timeline 10, ours is 3: another region was promoted"},
			{"primary 4", streamingOn3, "", "held west is a primary on timeline 4, ours is 3"},
			{"primary 2", streamingOn3, "", "held west is a primary on timeline 2, ours is 3"},
			{streamingOn3, "streaming 3 rapbot_frozen_1", "", "held eu is frozen: rapbot is replacing the primary"},
			{streamingOn3, "streaming 2 rapbot_frozen_1", "", "open"},
			{"silent", "streaming 2 rapbot_frozen", "", "held 0 of the 1 peers needed answered, west gives no answer, eu is frozen on timeline 2"},
			{"silent", "streaming 2 rapbot_frozen_a_tli2", "", "open"},
			{streamingOn3, "streaming 2 rapbot_frozen_a_tli3", "", "held eu is frozen: rapbot is replacing the primary"},
		} {
			t.Run(c.west+"; "+c.eu+" "+c.env, func(t *testing.T) {
				s := newScene(t, shell)
				s.write("1", says(c.west))
				s.write("2", says(c.eu))
				s.start(c.env)
				s.awaits(c.want)
				want := "started closed\nreloaded open\nended by interrupt"
				if c.want != "open" {
					want = ""
				} else {
					s.eventually("the clients are let in", func() bool { return strings.Contains(s.read("trace"), "open") })
				}
				if status := s.ends(syscall.SIGTERM); status != 0 || s.read("trace") != want || s.read("gate/state") != "ended" {
					t.Errorf("status %d, trace %q, want %q", status, s.read("trace"), want)
				}
			})
		}
	})
}

// What changes between the first look and the second closes the door that nobody has gone through yet.
func TestSecondLook(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		for _, second := range []string{"streaming 3 rapbot_frozen_1", "streaming 4 use1", "primary 4", "closed", "silent"} {
			t.Run(second, func(t *testing.T) {
				s := newScene(t, shell)
				s.write("1", says(streamingOn3))
				s.write("1.second", says(second))
				s.write("2", "")
				s.start()
				s.eventually("it came up and went down", func() bool { return strings.Count(s.read("trace"), "ended by interrupt") > 0 })
				s.write("1", says(second))
				s.awaits("held")
				if strings.Contains(s.read("trace"), "open") {
					t.Errorf("a client could get in:\n%s", s.read("trace"))
				}
				s.write("1", says(streamingOn3))
				s.must(os.Remove(filepath.Join(s.dir, "1.second")))
				s.awaits("open")
			})
		}
	})
}

func TestRunningPrimary(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		for _, c := range []struct{ west, held string }{
			{"streaming 3 rapbot_frozen_1", "held west is frozen: rapbot is replacing the primary"},
			{"streaming 4 use1", "held west is on timeline 4, ours is 3: another region was promoted"},
			{"primary 4", "held west is a primary on timeline 4, ours is 3"},
			{"silent", "held 0 of the 1 peers needed answered"},
		} {
			t.Run(c.west, func(t *testing.T) {
				s := newScene(t, shell)
				s.write("1", says(streamingOn3))
				s.write("2", "")
				s.start("GATE_SELF_FENCE=1")
				s.awaits("open")
				s.write("1", says(c.west))
				s.awaits(c.held)
				s.write("1", says(streamingOn3))
				s.awaits("open")
				if got := s.read("trace"); !strings.HasPrefix(got, "started closed\nreloaded open\nended by interrupt\nstarted closed") {
					t.Errorf("trace:\n%s", got)
				}
			})
		}
	})
}

// A quorum of 0 is for one opening. A primary that was opened with it and then
// lost everybody does not open again by the same leave.
func TestQuorumOfNobodyIsForOneOpening(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		s := newScene(t, shell)
		s.write("1", "")
		s.write("2", "")
		s.start("GATE_SELF_FENCE=1", "GATE_QUORUM=0")
		s.awaits("open")
		s.write("1", says(streamingOn3)) // the first replica comes
		s.looks(3)
		s.write("1", says("silent"))
		s.awaits("held 0 of the 1 peers needed answered")
	})
}

// None of these stops an open primary: an old primary on an earlier timeline, peers that were never met, a shutdown that is under way.
func TestRunningPrimaryGoesOn(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		for _, c := range []struct{ name, west, env string }{
			{"stray", "primary 3", ""},
			{"nobody met", "silent", "GATE_QUORUM=0"},
		} {
			t.Run(c.name, func(t *testing.T) {
				s := newScene(t, shell)
				s.write("1", says(streamingOn3))
				if c.west == "silent" {
					s.write("1", "")
				}
				s.write("2", "")
				s.start("GATE_SELF_FENCE=1", c.env)
				s.awaits("open")
				s.write("1", says(c.west))
				s.looks(40)
				if s.read("gate/state") != "open" {
					t.Error("it did not go on")
				}
			})
		}
		t.Run("shutting down", func(t *testing.T) {
			s := newScene(t, shell)
			s.write("1", says(streamingOn3))
			s.write("2", "")
			s.start()
			s.awaits("open")
			pidFile := filepath.Join("data", "postmaster.pid")
			s.write(pidFile, strings.Replace(s.read(pidFile), "ready", "stopping", 1)+"\n")
			s.write("1", says("streaming 3 rapbot_frozen_1"))
			s.looks(10)
			if s.read("gate/state") != "open" {
				t.Error("it interfered")
			}
		})
	})
}

// looks waits until the gate has looked at its access rules so many times, which it does once a look.
func (s *scene) looks(n int) {
	s.Helper()
	for i := range n {
		s.write("hba", fmt.Sprintf("host everybody %d\n", i))
		s.eventually("another look", func() bool { return s.read("gate/pg_hba.conf") == s.read("hba") })
	}
}

// A replica needs no leave, before the start or while it is held, and is watched from its promotion on.
func TestReplica(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		s := newScene(t, shell)
		s.control(3, 0, "in archive recovery")
		s.write("1", says("primary 4"))
		s.write("2", "")
		s.start()
		s.awaits("held west is a primary")
		s.write("data/standby.signal", "")
		s.awaits("open")
		s.write("1", says("streaming 3 rapbot_frozen_1"))
		s.must(os.Remove(filepath.Join(s.dir, "data", "standby.signal")))
		s.looks(3) // a promotion under way
		if s.read("gate/state") != "open" || !strings.HasPrefix(s.read("trace"), "started open") {
			t.Errorf("state %s, trace %s", s.read("gate/state"), s.read("trace"))
		}
		// Until its first checkpoint only the end of recovery tells the timeline; the other replica is still frozen on the one before.
		s.control(3, 4, "in production")
		s.looks(3)
		if s.read("gate/state") != "open" {
			t.Error("a promoted replica was stopped by what the promotion left behind")
		}
		s.write("1", says("primary 5"))
		s.awaits("held west is a primary on timeline 5, ours is 4")
	})
}

func TestSignals(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		t.Run("immediate", func(t *testing.T) {
			s := opened(t, shell)
			if status := s.ends(syscall.SIGQUIT); status != 0 || !strings.HasSuffix(s.read("trace"), "ended by quit") {
				t.Errorf("status %d, trace %s", status, s.read("trace"))
			}
		})
		t.Run("status", func(t *testing.T) {
			s := opened(t, shell)
			s.write("broken", "")
			if status := s.ends(syscall.SIGINT); status != 7 {
				t.Errorf("status %d", status)
			}
		})
		t.Run("ends by itself", func(t *testing.T) {
			s := opened(t, shell)
			var postmaster int
			_, err := fmt.Sscan(s.read("data/postmaster.pid"), &postmaster)
			s.must(err)
			s.must(syscall.Kill(postmaster, syscall.SIGKILL))
			if status := s.ended(); status != 128+9 {
				t.Errorf("status %d", status)
			}
		})
		t.Run("stubborn", func(t *testing.T) {
			s := opened(t, shell)
			s.write("stubborn", "")
			s.write("1", says("primary 4"))
			s.awaits("held")
			if !strings.Contains(s.read("trace"), "goes on\nended by quit") {
				t.Errorf("trace %s", s.read("trace"))
			}
		})
		t.Run("in the middle of a look", func(t *testing.T) {
			s := newScene(t, shell)
			s.write("slow", "")
			s.start()
			s.eventually("it asks", func() bool { return len(s.asking()) == 2 })
			asking := s.asking()
			if status := s.ends(syscall.SIGTERM); status != 0 {
				t.Errorf("status %d", status)
			}
			for _, pid := range asking {
				if exists("/proc/" + pid) {
					t.Errorf("psql %s is left", pid)
				}
			}
		})
	})
}

func opened(t *testing.T, shell string) *scene {
	t.Helper()
	s := newScene(t, shell)
	s.write("1", says(streamingOn3))
	s.write("2", "")
	s.start()
	s.awaits("open")
	return s
}

// asking lists the processes of timeout, which leave the gate's group.
func (s *scene) asking() []string { return s.started("timeout\x00") }

// started lists the processes whose command line begins so, by the folder that they were given.
func (s *scene) started(words string) []string {
	files, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is constant and well formed
	var found []string
	for _, file := range files {
		pid := filepath.Base(filepath.Dir(file))
		environ, _ := os.ReadFile(file)
		line, _ := os.ReadFile("/proc/" + pid + "/cmdline")
		if strings.Contains(string(environ), s.dir+"\x00") && strings.HasPrefix(string(line), words) {
			found = append(found, pid)
		}
	}
	return found
}

// Data that were in recovery and have no standby.signal are those of a promotion that was cut off: they come up as a replica again.
func TestCutOffPromotion(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		for _, state := range []string{"in archive recovery", "shut down in recovery"} {
			s := newScene(t, shell)
			s.control(3, 3, state)
			s.write("data/PG_VERSION", "15\n")
			s.write("1", "")
			s.write("2", "")
			s.start()
			s.awaits("open")
			if _, err := os.Stat(filepath.Join(s.dir, "data", "standby.signal")); err != nil {
				t.Errorf("%s: not a replica: %v", state, err)
			}
			s.ends(syscall.SIGTERM)
		}
		// A primary that was shut down while it recovered from a crash is a primary, and waits for leave.
		crashed := newScene(t, shell)
		crashed.control(3, 0, "shut down in recovery")
		crashed.write("data/PG_VERSION", "15\n")
		crashed.write("1", "")
		crashed.write("2", "")
		crashed.start()
		crashed.awaits("held 0 of the 1 peers needed answered, west gives no answer, eu gives no answer")
		crashed.ends(syscall.SIGTERM)
		// Half-replaced data have no PG_VERSION, and are left alone.
		s := newScene(t, shell)
		s.control(3, 3, "in archive recovery")
		s.write("1", "")
		s.write("2", "")
		s.start()
		s.awaits("held 0 of the 1 peers needed answered, west gives no answer, eu gives no answer")
		s.ends(syscall.SIGTERM)
	})
}
