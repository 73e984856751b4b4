package loopback_test

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// The port of a server that is down is given to no outgoing connection. One that retries would otherwise end up talking to itself, as the
// first half of this test shows, and the server could not start.
func TestReservedPortIsNobodysElse(t *testing.T) {
	held, err := loopback.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	held.Release()
	if err := connectOnlyFrom(t, held.Port); err != nil {
		t.Fatalf("a free port connects to itself, and yet: %v", err)
	}

	held, err = loopback.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	if err := connectOnlyFrom(t, held.Port); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("a reserved port is given away: %v", err)
	}
}

// connectOnlyFrom connects to a port on loopback, from the same port as the only one the kernel may choose.
func connectOnlyFrom(t *testing.T, port int) error {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, port<<16|port); err != nil {
		t.Skipf("this kernel cannot narrow the choice of ports: %v", err)
	}
	return syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
}
