package realnodes

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// DatabaseName is what a region's PostgreSQL is called in the shipped values.
func DatabaseName(region string) string { return "postgresql." + region + ".example.com" }

// databases knows the names of the regions' databases.
func databases(name string) (netip.Addr, bool) {
	for n, region := range Names {
		if name == DatabaseName(region) {
			return netip.MustParseAddr(network{n + 1}.Balancer(0)), true
		}
	}
	return netip.Addr{}, false
}

// services knows the names of a cluster's Services too.
func services(ctx context.Context, client kubernetes.Interface) lookup {
	return func(name string) (netip.Addr, bool) {
		inner, is := strings.CutSuffix(name, ".svc.cluster.local")
		service, namespace, found := strings.Cut(inner, ".")
		if !is || !found || strings.Contains(namespace, ".") {
			return databases(name)
		}
		ctx, cancel := context.WithTimeout(ctx, callTime)
		defer cancel()
		object, err := client.CoreV1().Services(namespace).Get(ctx, service, meta.GetOptions{})
		if err != nil {
			return netip.Addr{}, false
		}
		address, err := netip.ParseAddr(object.Spec.ClusterIP)
		return address, err == nil
	}
}

// callTime bounds a call of the machine's own API server.
const callTime = 10 * time.Second

type lookup func(name string) (netip.Addr, bool)

// serveNames answers questions for IPv4 addresses at address:53 until the connection that it gives is closed.
func serveNames(address string, find lookup) (net.PacketConn, error) {
	conn, err := net.ListenPacket("udp4", address+":53")
	if err != nil {
		return nil, fmt.Errorf("serve names: %w", err)
	}
	go func() {
		question := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(question)
			if err != nil {
				return // closed
			}
			if answer, err := answerTo(question[:n], find); err == nil {
				go func() { _, _ = conn.WriteTo(answer, from) }() // who has not got it asks again
			}
		}
	}()
	return conn, nil
}

func answerTo(question []byte, find lookup) ([]byte, error) {
	var message dnsmessage.Message
	if err := message.Unpack(question); err != nil {
		return nil, err
	}
	message.Response, message.RecursionAvailable, message.Additionals = true, true, nil
	for _, q := range message.Questions {
		name := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
		address, known := find(name)
		if !known {
			message.RCode = dnsmessage.RCodeNameError
			continue
		}
		if q.Type == dnsmessage.TypeA {
			message.Answers = append(message.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 5}, Body: &dnsmessage.AResource{A: address.As4()},
			})
		}
	}
	return message.Pack()
}
