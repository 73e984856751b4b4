package node

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/rap-analyzer/rapbot/lab/line"
)

// lineFor gives the line over which a connection comes that was made to one of the node's Services.
func (n *Node) lineFor(client *net.TCPConn) *line.Line {
	if n.opt.Line == nil {
		return n.own
	}
	from, to := client.RemoteAddr().(*net.TCPAddr).AddrPort(), client.LocalAddr().(*net.TCPAddr).AddrPort()
	if found := n.opt.Line(inodeOf(from, to)); found != nil {
		return found
	}
	return n.own
}

// Holds reports whether a socket is one of the node's pods', by its number in /proc.
func (n *Node) Holds(inode string) bool {
	r := n.current()
	if r == nil || inode == "" || inode == "0" {
		return false
	}
	wanted := "socket:[" + inode + "]"
	return slices.ContainsFunc(r.processes(), func(pid string) bool {
		links, _ := filepath.Glob(filepath.Join("/proc", pid, "fd", "*")) // the pattern is well formed
		return slices.ContainsFunc(links, func(link string) bool {
			to, err := os.Readlink(link)
			return err == nil && to == wanted
		})
	})
}

// ServiceAddress is where a Service of type LoadBalancer is reached: also before it
// is made, so that others can be told. Wanted is the address that it asks for itself; it counts
// if it is one of the node's and free.
func (n *Node) ServiceAddress(namespace, name, wanted string) (netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := namespace + "/" + name
	if address, ok := n.addresses[key]; ok {
		return address, nil
	}
	address, err := n.block.take(wanted)
	if err == nil {
		n.addresses[key] = address
	}
	return address, err
}
