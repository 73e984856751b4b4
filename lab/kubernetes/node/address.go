package node

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
)

// The host parts of a block's addresses: the node's own, and those of pods and services.
const (
	hostNode  = 1
	hostFirst = 10
	hostLast  = 250
)

// claimPort is taken on the node's own address for as long as the block is: two
// nodes that draw the same block find out by it, on the whole machine. It is any
// port that nobody takes on all addresses.
const claimPort = 26711

// block is addresses 127.A.B.* that no other node of this machine has.
type block struct {
	prefix [2]byte
	claim  net.Listener

	mu   sync.Mutex
	used [256]bool
	next int
}

func claimBlock() (*block, error) {
	var all error
	for range 50 {
		b := &block{prefix: [2]byte{byte(1 + rand.N(254)), byte(rand.N(256))}, next: hostFirst}
		var err error
		if b.claim, err = net.Listen("tcp4", fmt.Sprintf("%s:%d", b.at(hostNode), claimPort)); err == nil {
			return b, nil
		}
		all = errors.Join(all, err)
	}
	return nil, fmt.Errorf("find a free block of loopback addresses: %w", all)
}

func (b *block) at(host byte) netip.Addr {
	return netip.AddrFrom4([4]byte{127, b.prefix[0], b.prefix[1], host})
}

// take gives an address that is free, the wanted one if it is one of these and free. An address that was given back is used again as late as can be.
func (b *block) take(wanted string) (netip.Addr, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if host, ok := b.host(wanted); ok && !b.used[host] {
		b.used[host] = true
		return b.at(host), nil
	}
	for range hostLast - hostFirst + 1 {
		host := b.next
		if b.next++; b.next > hostLast {
			b.next = hostFirst
		}
		if !b.used[host] {
			b.used[host] = true
			return b.at(byte(host)), nil
		}
	}
	return netip.Addr{}, errors.New("all addresses of the node are taken")
}

func (b *block) give(address netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if host, ok := b.host(address.String()); ok {
		b.used[host] = false
	}
}

// host tells which of the block's addresses this is, if it is one for pods and services.
func (b *block) host(address string) (byte, bool) {
	a, err := netip.ParseAddr(address)
	if err != nil || !a.Is4() {
		return 0, false
	}
	host := a.As4()[3]
	return host, a == b.at(host) && host >= hostFirst && host <= hostLast
}

func (b *block) release() { _ = b.claim.Close() }
