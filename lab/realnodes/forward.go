package realnodes

import (
	"fmt"
	"io"
	"net"
	"net/url"
)

// apiPort is where a machine serves its API server to other regions.
const apiPort = ":6443"

// forward leads from the machine's address to the API server, which listens on loopback.
func (m *inside) forward() error {
	address, err := url.Parse(m.region.Config.Host)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", m.Network.Node()+apiPort)
	if err != nil {
		return fmt.Errorf("serve the API to other regions: %w", err)
	}
	m.whenDone(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed: the machine ends
			}
			go relay(client, address.Host)
		}
	}()
	return nil
}

// relay carries one connection until either side ends it.
func relay(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return // the client sees its connection closed
	}
	defer server.Close()
	ended := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1]) // the end of either side is the end of both
			ended <- struct{}{}
		}()
	}
	<-ended
}
