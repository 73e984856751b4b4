package node

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// listening is where this machine's programs take connections.
type listening map[netip.AddrPort]bool

// has reports whether a connection to the address would be taken.
func (l listening) has(at netip.AddrPort) bool {
	return l[at] || l[netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port())]
}

// listeners reads from the kernel who listens, which a trial connection would tell the program too.
func listeners() listening {
	all := listening{}
	eachSocket("/proc/net/tcp", listens, func(s socket) { all[s.local] = true })
	eachSocket("/proc/net/tcp6", listens, func(s socket) {
		if s.local.Addr().IsUnspecified() { // which takes IPv4 as well
			all[netip.AddrPortFrom(netip.IPv4Unspecified(), s.local.Port())] = true
		}
	})
	return all
}

// inodeOf finds the other end of a connection that this process has taken; nothing when it is gone.
func inodeOf(from, to netip.AddrPort) (inode string) {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		eachSocket(table, established, func(s socket) {
			if s.local == from && s.remote == to {
				inode = s.inode
			}
		})
	}
	return inode
}

// socket is a line of the kernel's table.
type socket struct {
	local, remote netip.AddrPort
	inode         string
}

// The states of sockets, as they stand in the table. There may be thousands of others.
const (
	established = " 01 "
	listens     = " 0A "
)

func eachSocket(table, state string, do func(socket)) {
	text, _ := os.ReadFile(table) // an error says that there is no IPv6
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, state) {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 10 || fields[3] != strings.TrimSpace(state) {
			continue
		}
		local, ok := parseAddress(fields[1])
		if !ok {
			continue
		}
		remote, _ := parseAddress(fields[2])
		do(socket{local, remote, fields[9]})
	}
}

// parseAddress reads "0100007F:1F90", whose first part is in the machine's byte order, four bytes at a time.
func parseAddress(text string) (netip.AddrPort, bool) {
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	number, errPort := strconv.ParseUint(port, 16, 16)
	if err != nil || errPort != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for at := 0; at < len(raw); at += 4 {
		binary.NativeEndian.PutUint32(raw[at:], binary.BigEndian.Uint32(raw[at:]))
	}
	address, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(address.Unmap(), uint16(number)), ok
}
