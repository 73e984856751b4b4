package node

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/regions"
)

func TestPathsAreReplaced(t *testing.T) {
	m := newMounts(mount{"/data", "/real/d"}, mount{"/data/wal", "/real/w"}, mount{"/etc/app.conf", "/real/app.conf"})
	for text, want := range map[string]string{
		"/data":                             "/real/d",
		"/data/pg":                          "/real/d/pg",
		"/data/wal":                         "/real/w",
		"/data/wal/0001":                    "/real/w/0001",
		"/data/walrus":                      "/real/d/walrus",
		"/database":                         "/database",
		"/mnt/data":                         "/mnt/data",
		"-D/data":                           "-D/data",
		"-D /data -c dir=/data/pg":          "-D /real/d -c dir=/real/d/pg",
		"/data:/etc/app.conf:/usr/bin":      "/real/d:/real/app.conf:/usr/bin",
		"cat '/data/x' \"/data/y\" >/data":  "cat '/real/d/x' \"/real/d/y\" >/real/d",
		"https://example.org/data":          "https://example.org/data",
		"/etc/app.conf.bak and /etc/app.co": "/etc/app.conf.bak and /etc/app.co",
		"":                                  "",
	} {
		if got := m.replace(text); got != want {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	}
}

func TestVariablesAreExpanded(t *testing.T) {
	env := map[string]string{"A": "1", "B": "$(A)"}
	for text, want := range map[string]string{
		"$(A)": "1", "x$(A)y$(A)": "x1y1", "$(B)": "$(A)", "$$(A)": "$(A)", "$(NONE)": "$(NONE)", "$A": "$A", "$(A": "$(A", "$": "$", "a$$b": "a$b", "": "",
	} {
		if got := expand(text, env); got != want {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	}
}

func TestImages(t *testing.T) {
	images := Images{"rap-analyzer": {Entrypoint: []string{"workload"}, Args: []string{"serve"}}}
	for reference, want := range map[string]string{
		"rap-analyzer": "latest", "rap-analyzer:v2": "v2", "registry.example.org:5000/team/rap-analyzer:v2": "v2",
		"registry.example.org:5000/rap-analyzer": "latest", "rap-analyzer:v2@sha256:abc": "v2",
	} {
		if image, ok := images.pull(reference); !ok || image.tag != want {
			t.Errorf("%s: tag %q, %v", reference, image.tag, ok)
		}
	}
	for _, reference := range []string{"unknown:v1", "rap-analyzer:v2-imagepull"} {
		if _, ok := images.pull(reference); ok {
			t.Errorf("%s was pulled", reference)
		}
	}
	image, _ := images.pull("rap-analyzer:v1")
	for _, c := range []struct{ command, args, want []string }{
		{nil, nil, []string{"workload", "serve"}},
		{nil, []string{"check"}, []string{"workload", "check"}},
		{[]string{"sh"}, nil, []string{"sh"}},
		{[]string{"sh"}, []string{"-c", "true"}, []string{"sh", "-c", "true"}},
	} {
		if got := image.command(c.command, c.args); !slices.Equal(got, c.want) {
			t.Errorf("%v %v runs %v", c.command, c.args, got)
		}
	}
}

func TestBackOffGrows(t *testing.T) {
	b := backOff{first: time.Second, most: 5 * time.Second}
	var got []time.Duration
	for range 5 {
		got = append(got, b.after(time.Second))
	}
	if want := []time.Duration{0, 1e9, 2e9, 4e9, 5e9}; !slices.Equal(got, want) {
		t.Errorf("the pauses are %v", got)
	}
	if pause := b.after(time.Hour); pause != 0 {
		t.Errorf("after a long run the pause is %s", pause)
	}
}

// newTestNode is a node that is not started.
func newTestNode(t *testing.T) *Node {
	t.Helper()
	account, err := regions.ServerAccount()
	if err != nil {
		t.Fatal(err)
	}
	return &Node{account: account}
}

func TestFilesChangeAllAtOnce(t *testing.T) {
	n, folder := newTestNode(t), filepath.Join(t.TempDir(), "volume")
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	place := func(files map[string]file) {
		t.Helper()
		if err := n.place(folder, files); err != nil {
			t.Fatal(err)
		}
	}
	place(map[string]file{"a": {[]byte("1"), 0o640}, "sub/b": {[]byte("2"), 0o600}})
	if read("a") != "1" || read("sub/b") != "2" {
		t.Errorf("a is %q, sub/b is %q", read("a"), read("sub/b"))
	}
	if info, err := os.Stat(filepath.Join(folder, "a")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info, err)
	}
	open, err := os.Readlink(filepath.Join(folder, dataLink))
	if err != nil {
		t.Fatal(err)
	}
	place(map[string]file{"a": {[]byte("1"), 0o640}, "sub/b": {[]byte("2"), 0o600}})
	if now, _ := os.Readlink(filepath.Join(folder, dataLink)); now != open {
		t.Error("the same files were written again")
	}
	place(map[string]file{"a": {[]byte("3"), 0o640}})
	if read("a") != "3" || !strings.Contains(read("sub/b"), "no such file") {
		t.Errorf("a is %q, sub/b is %q", read("a"), read("sub/b"))
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 3 {
		t.Errorf("besides a, ..data and what that is: %v, %v", entries, err)
	}
}

func TestBlocksDiffer(t *testing.T) {
	first, err := claimBlock()
	if err != nil {
		t.Fatal(err)
	}
	defer first.release()
	if _, err := net.Listen("tcp4", fmt.Sprintf("%s:%d", first.at(hostNode), claimPort)); err == nil {
		t.Error("the same block can be claimed again")
	}
	a, err := first.take("")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := first.take(a.String())
	if a == b || !a.IsLoopback() {
		t.Errorf("%s and %s", a, b)
	}
	first.give(a)
	if c, _ := first.take(""); c == a {
		t.Errorf("%s is given again at once", c)
	}
	if c, _ := first.take(a.String()); c != a {
		t.Errorf("%s was wanted and free, but %s is given", a, c)
	}
	for {
		if _, err := first.take(""); err != nil {
			break
		}
	}
	first.give(b)
	if c, err := first.take(""); err != nil || c != b {
		t.Errorf("%s, %v", c, err)
	}
}

func TestWhoListensIsSeen(t *testing.T) {
	for _, at := range []string{"127.77.1.9:0", "0.0.0.0:0", "[::]:0"} {
		listener, err := net.Listen("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		port := listener.Addr().(*net.TCPAddr).AddrPort().Port()
		here := netip.AddrPortFrom(netip.MustParseAddr("127.77.1.9"), port)
		if !listeners().has(here) {
			t.Errorf("%s: not seen", at)
		}
		conn, err := net.Dial("tcp", here.String())
		if err != nil {
			t.Fatal(err)
		}
		taken, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		from, to := taken.RemoteAddr().(*net.TCPAddr).AddrPort(), taken.LocalAddr().(*net.TCPAddr).AddrPort()
		if inode := inodeOf(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), netip.AddrPortFrom(to.Addr().Unmap(), to.Port())); inode == "" || inode == "0" {
			t.Errorf("%s: the other end has the number %q", at, inode)
		}
		_, _ = conn.Close(), taken.Close()
		_ = listener.Close()
		if listeners().has(here) {
			t.Errorf("%s: seen though it is closed", at)
		}
	}
}

func TestLogIsShownAsAsked(t *testing.T) {
	at := func(second int) string {
		return time.Date(2026, 1, 2, 3, 4, second, 0, time.UTC).Format(time.RFC3339Nano)
	}
	log := at(1) + " stdout F one\n" + at(2) + " stderr F two\n" + at(3) + " stdout P three\n" + at(3) + " stdout F four\n" + at(4) + " stdout F unfin"
	for _, c := range []struct{ query, want string }{
		{"", "one\ntwo\nthreefour\n"},
		{"tailLines=2", "threefour\n"},
		{"tailLines=0", ""},
		{"timestamps=true&tailLines=1", at(3) + " four\n"},
		{"sinceTime=2026-01-02T03:04:02Z", "two\nthreefour\n"},
		{"limitBytes=6", "one\ntw"},
	} {
		query := map[string]string{}
		for pair := range strings.SplitSeq(c.query, "&") {
			key, value, _ := strings.Cut(pair, "=")
			query[key] = value
		}
		options, err := parseLogOptions(func(name string) string { return query[name] })
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		err = (&container{}).copyLog(t.Context(), &said, strings.NewReader(log), options)
		if err != nil && err != errEnough || said.String() != c.want {
			t.Errorf("%s: %q, %v", c.query, said.String(), err)
		}
	}
}
