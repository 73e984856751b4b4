// Package loopback reserves ports on 127.0.0.1 for servers that stop and
// start again.
package loopback

import (
	"fmt"
	"os"
	"syscall"
)

// Reservation holds a port, also while its server is down. The socket is
// bound and never listens, so connections to it are refused as they should
// be; the server binds the same address on top of it, which Linux allows when
// both sockets say SO_REUSEADDR. Without it an outgoing connection could be
// given the number, and the server could not come back.
type Reservation struct {
	fd   int
	Port int
}

// Reserve takes a free port.
func Reserve() (Reservation, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return Reservation{}, os.NewSyscallError("socket", err)
	}
	port, err := bindAnyPort(fd)
	if err != nil {
		_ = syscall.Close(fd)
		return Reservation{}, fmt.Errorf("reserve a port on loopback: %w", err)
	}
	return Reservation{fd: fd, Port: port}, nil
}

func bindAnyPort(fd int) (int, error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, os.NewSyscallError("bind", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	return name.(*syscall.SockaddrInet4).Port, nil
}

// Addr is the reserved address as host:port.
func (r Reservation) Addr() string { return fmt.Sprintf("127.0.0.1:%d", r.Port) }

// Release gives the port back.
func (r Reservation) Release() { _ = syscall.Close(r.fd) }
