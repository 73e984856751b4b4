package regions

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
)

// segmentSize is that of a segment of WAL, as initdb makes it.
const segmentSize = 16 << 20

// refusesToCountTooFew takes parts of the log away, as a server does that recycles them and a disk that loses them.
func refusesToCountTooFew(t *testing.T, dead, primary *Server) {
	t.Helper()
	d, err := dead.Divergence(within(t, time.Minute), primary.Name, 0)
	must(t, err)
	name := func(segment uint64) string { return fmt.Sprintf("%08X%08X%08X", 1, segment>>8, segment&0xFF) }
	forked := uint64(d.Fork) / segmentSize
	for segment, want := range map[string]string{name(forked - 1): "not complete any more", name(forked): "has a hole", name(forked + 1): "has a hole"} {
		at := dead.data("pg_wal/" + segment)
		must(t, os.Rename(at, at+".gone"))
		if got, err := dead.Divergence(within(t, time.Minute), primary.Name, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %+v, %v", segment, got, err)
		}
		must(t, os.Rename(at+".gone", at))
	}
}

// countsBesideZeros adds the file of a segment to come, which PostgreSQL makes of zeros before it needs it.
func countsBesideZeros(t *testing.T, dead, primary *Server) {
	t.Helper()
	before, err := dead.Divergence(within(t, time.Minute), primary.Name, 0)
	must(t, err)
	for _, ahead := range []uint64{1, 2} {
		segment := uint64(before.End)/segmentSize + ahead
		file := dead.data(fmt.Sprintf("pg_wal/%08X%08X%08X", 1, segment>>8, segment&0xFF))
		must(t, dead.fleet.account.WriteFile(file, string(make([]byte, segmentSize))))
		defer os.Remove(file)
	}
	after, err := dead.Divergence(within(t, time.Minute), primary.Name, 0)
	if err != nil || after.Commits != before.Commits || after.End != before.End {
		t.Errorf("beside segments of zeros: %+v, %v; before: %+v", after, err, before)
	}
}

// shim puts a program in the place of one of PostgreSQL's.
func shim(t *testing.T, f *Fleet, program, body string) {
	t.Helper()
	dir := openFolder(t)
	programs, err := os.ReadDir(f.pg.Dir)
	must(t, err)
	for _, p := range programs {
		if p.Name() != program {
			must(t, os.Symlink(f.pg.Program(p.Name()), filepath.Join(dir, p.Name())))
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+body+"\n"), 0o755))
	f.volumeEnv = []string{"VOLUME_BIN=" + dir}
}

// rewindCutOff kills the script and pg_rewind while the data are half way: nothing may start them, and only a rebuild helps.
func rewindCutOff(t *testing.T, dead, primary *Server) {
	t.Helper()
	f := dead.fleet
	began := dead.path("rewind-began")
	shim(t, f, "pg_rewind", `case "$*" in *--dry-run*) exec `+f.pg.Program("pg_rewind")+` "$@" ;; esac; touch `+began+`; exec sleep 300`)
	ctx, kill := context.WithCancel(within(t, time.Minute))
	ended := make(chan error)
	go func() { ended <- dead.Rewind(ctx, primary.Name) }()
	eventually(t, "pg_rewind is at work", func() bool { _, err := os.Stat(began); return err == nil })
	kill()
	<-ended
	f.volumeEnv = nil
	if err := dead.StartReplica(within(t, 20*time.Second)); err == nil {
		t.Error("half rewound data start")
	}
	if err := child.Run(within(t, 20*time.Second), f.account.Command(dead.dir, f.pg.Program("initdb"), "--pgdata="+dead.DataDir(), "--no-sync")); err == nil {
		t.Error("initdb makes a new server of half rewound data")
	}
	_, err := dead.Divergence(within(t, 20*time.Second), primary.Name, 0)
	for _, err := range []error{err, dead.Rewind(within(t, 20*time.Second), primary.Name)} {
		if err == nil || !strings.Contains(err.Error(), "exited with 5") || !strings.Contains(err.Error(), "need a rebuild") {
			t.Errorf("half rewound data: %v", err)
		}
	}
}

// rebuildCutOff kills the script and pg_basebackup in the middle of the copy.
func rebuildCutOff(t *testing.T, dead, primary *Server) {
	t.Helper()
	dead.fleet.volumeEnv = []string{"VOLUME_MAX_RATE=32k"}
	ctx, kill := context.WithCancel(within(t, time.Minute))
	err := dead.Rebuild(ctx, primary.Name, func(done, total int64) {
		if done < total {
			kill()
		}
	})
	dead.fleet.volumeEnv = nil
	if _, half := os.Stat(dead.data("volume.copying")); err == nil || half != nil {
		t.Errorf("the rebuild was not cut off in the middle: %v, %v", err, half)
	}
}

// finishesWhatWasCutOff puts the data in the states that a kill between two renames leaves.
func finishesWhatWasCutOff(t *testing.T, s, primary *Server) {
	t.Helper()
	before, err := s.Divergence(within(t, time.Minute), primary.Name, 0)
	must(t, err)
	for name, script := range map[string]string{
		"half aside":         `mkdir volume.aside; mv PG_VERSION base global volume.aside/`,
		"aside":              `mkdir volume.aside; mv [!v]* volume.aside/`,
		"half back":          `mkdir volume.ready; mv PG_VERSION base global volume.ready/`,
		"copied":             `mkdir volume.copied; mv [!v]* volume.copied/; cp -r volume.copied/base volume.copied/PG_VERSION .`,
		"old half away":      `mkdir volume.copied volume.old; mv [!v]* volume.copied/; cp -r volume.copied/base .; cp volume.copied/PG_VERSION volume.old/`,
		"old not removed":    `mkdir volume.old volume.ready; cp -r base PG_VERSION volume.old/; mv [!v]* volume.ready/`,
		"half a copy":        `mkdir volume.copying; cp -r base volume.copying/`,
		"copied, old spoilt": `mkdir volume.copied volume.rewinding; mv [!v]* volume.copied/; cp -r volume.copied/base volume.rewinding/`,
	} {
		must(t, child.Run(within(t, time.Minute), s.fleet.account.Command(s.dir, "sh", "-ec", "cd data\n"+script)))
		after, err := s.Divergence(within(t, time.Minute), primary.Name, 0)
		left, _ := filepath.Glob(s.data("volume.*"))
		if err != nil || after != before || len(left) > 0 {
			t.Fatalf("%s: %+v, %v, left behind: %v", name, after, err, left)
		}
	}
}
