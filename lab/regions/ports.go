package regions

import (
	"fmt"
	"os"
	"syscall"
)

// reservation holds a port on loopback for a server, also while that server is down. The socket is bound and never listens, so
// connections to it are refused as they should be; the server binds the same address on top of it, which Linux
// allows when both sockets say SO_REUSEADDR. Without it any outgoing connection could be given the number while the server is
// stopped, a client that retries could even connect to itself, and the server could not come back.
type reservation struct {
	fd   int
	port int
}

func reservePort() (reservation, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return reservation{}, os.NewSyscallError("socket", err)
	}
	port, err := bindAnyPort(fd)
	if err != nil {
		_ = syscall.Close(fd)
		return reservation{}, fmt.Errorf("reserve a port on loopback: %w", err)
	}
	return reservation{fd: fd, port: port}, nil
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

func (r reservation) release() { _ = syscall.Close(r.fd) }
