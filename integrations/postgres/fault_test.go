package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rap-analyzer/rapbot"
)

var (
	connRefused = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	timedOut    = &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
	noSuchHost  = &net.DNSError{IsNotFound: true}
)

// Silence of one address is not made up for by another one's refusal: a
// server that hangs may be behind it (R4).
func TestRefused(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{connRefused, true},
		{noSuchHost, true},
		{timedOut, false},
		{io.EOF, false},
		{errors.Join(connRefused, connRefused), true},
		{errors.Join(connRefused, timedOut), false},
		{fmt.Errorf("connect: %w", errors.Join(fmt.Errorf("dial: %w", connRefused), &net.DNSError{IsTimeout: true})), false},
		{&pgconn.PgError{Code: codeCannotConnectNow}, false},
	} {
		if got := refused(test.err); got != test.want {
			t.Errorf("refused(%v) = %v", test.err, got)
		}
	}
}

func TestFaults(t *testing.T) {
	for want, err := range map[string]error{
		"connection refused":     connRefused,
		"no answer in 2 s":       timedOut,
		"its address is unknown": noSuchHost,
		"connection lost":        io.ErrUnexpectedEOF,
		"no route to it":         &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH},
		"too many connections":   &pgconn.PgError{Code: codeTooMany},
		"it is starting up":      &pgconn.PgError{Code: codeCannotConnectNow, Message: "the database system is starting up"},
		"it is shutting down":    &pgconn.PgError{Code: codeCannotConnectNow, Message: "the database system is shutting down"},
		"SQL error XX000":        &pgconn.PgError{Code: "XX000", Message: "hunter2"},
		"no connection":          errors.New("hunter2"),
	} {
		if got := fault(err, 2*time.Second); got != want {
			t.Errorf("fault(%v) = %q, want %q", err, got, want)
		}
	}
}

// Of two looks that overlap, the one that began last counts.
func TestLateAnswersDoNotCount(t *testing.T) {
	m, now := newMemory("us-east-1"), time.Unix(1000, 0)
	m.keep(now.Add(time.Second), rapbot.Sighting{Region: "us-east-1", Answered: true, At: now.Add(time.Second), Server: rapbot.Server{Timeline: 2}})
	if _, kept := m.keep(now, rapbot.Sighting{Region: "us-east-1", Fault: "no answer in 2 s", At: now.Add(2 * time.Second)}); kept {
		t.Error("a look that began earlier counts")
	}
	if s, _ := m.now(); !s.Answered || s.Server.Timeline != 2 {
		t.Errorf("%+v", s)
	}
}

func TestMajorOf(t *testing.T) {
	for version, want := range map[string]int{"12.22": 12, "15.18 (Debian 15.18-0+deb12u1)": 15, "19beta1": 19, "9.6.24": 9, "": 0, "devel": 0} {
		if got := majorOf(version); got != want {
			t.Errorf("%q: %d, want %d", version, got, want)
		}
	}
	if words := fault(tooOld(12), 0); !strings.Contains(words, "PostgreSQL 12 is too old") {
		t.Error(words)
	}
}
