package realnodes

import (
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// wire is a device of packets without a kernel behind it: the file that the network has, and the one that stands for the place.
func wire(t *testing.T) (network, place *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	network, place = os.NewFile(uintptr(fds[0]), "network"), os.NewFile(uintptr(fds[1]), "place")
	t.Cleanup(func() { _ = place.Close() })
	return network, place
}

// letter is an IPv4 packet with nothing but a destination and a mark.
func letter(to string, mark byte) []byte {
	data := make([]byte, 24)
	data[0], data[3], data[23] = 0x45, 24, mark
	address := netip.MustParseAddr(to).As4()
	copy(data[16:], address[:])
	return data
}

func arrives(t *testing.T, place *os.File, mark byte) {
	t.Helper()
	if err := place.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 100)
	n, err := place.Read(buffer)
	if err != nil {
		t.Fatalf("packet %d does not arrive: %v", mark, err)
	}
	if n != 24 || buffer[23] != mark {
		t.Fatalf("packet %d came, want %d", buffer[23], mark)
	}
}

func send(t *testing.T, place *os.File, data []byte) {
	t.Helper()
	if _, err := place.Write(data); err != nil {
		t.Fatal(err)
	}
}

func TestWANCarriesToWhereAPacketIsGoing(t *testing.T) {
	began, delay := time.Now(), 30*time.Millisecond
	w := newWAN(func(string, string) time.Duration { return delay })
	places := map[string]*os.File{}
	for name, prefix := range map[string]string{"east": "10.91.0.0/16", "west": "10.92.0.0/16", "ops": "10.90.0.0/16"} {
		network, place := wire(t)
		places[name] = place
		w.join(name, netip.MustParsePrefix(prefix), network)
	}
	for mark := range byte(20) {
		send(t, places["east"], letter("10.92.2.1", mark))
	}
	for mark := range byte(20) {
		arrives(t, places["west"], mark)
	}
	if took := time.Since(began); took < delay {
		t.Errorf("20 packets took %s over a way of %s", took, delay)
	}

	// A cut way loses what is sent, and nothing else: the third place still hears, and what is sent after the cut arrives.
	if err := w.Isolate("west", true); err != nil {
		t.Fatal(err)
	}
	send(t, places["east"], letter("10.92.2.1", 100))
	send(t, places["west"], letter("10.91.2.1", 101))
	send(t, places["east"], letter("10.90.0.1", 102))
	arrives(t, places["ops"], 102)
	lost := time.Now().Add(time.Minute)
	for w.lost.Load() < 2 {
		if time.Now().After(lost) {
			t.Fatalf("%d packets were lost on the cut way, want 2", w.lost.Load())
		}
		time.Sleep(time.Millisecond)
	}
	if err := w.Isolate("west", false); err != nil {
		t.Fatal(err)
	}
	send(t, places["east"], letter("10.92.2.1", 103))
	arrives(t, places["west"], 103)

	// Nobody's packets, and what is no packet, are lost.
	send(t, places["east"], letter("192.0.2.1", 104))
	send(t, places["east"], []byte("half a packet"))
	send(t, places["east"], letter("10.92.2.1", 105))
	arrives(t, places["west"], 105)
	if w.lost.Load() != 4 {
		t.Errorf("%d packets were lost, want 4", w.lost.Load())
	}
	if err := w.close(); err != nil {
		t.Error(err)
	}
	if err := w.Cut("east", "nowhere", true); err == nil {
		t.Error("a way to nowhere was cut")
	}
}
