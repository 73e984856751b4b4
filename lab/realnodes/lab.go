package realnodes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Ops is the place on the WAN where the lab itself is, and rapbot, and whoever works with it: in no region.
const Ops = "ops"

const (
	opsAddress = "10.90.0.1"
	opsNames   = "127.0.0.1" // where names are looked up
)

// Names are the regions.
var Names = []string{"us-east-1", "us-west-2", "eu-west-1"}

// Lab is three regions with real nodes. It lives as long as this process at the most.
type Lab struct {
	WAN *WAN
	Dir string

	Rapbot string // the program
	Bot    string // the archive of rapbot's image, if it was made

	regions  []*Region
	machines []*machine
	names    net.PacketConn
}

// Region is one of them.
type Region struct {
	Name       string
	Config     *rest.Config
	Client     kubernetes.Interface
	Kubeconfig string
	Took       map[string]time.Duration // what the start of its parts took
	Dir        string                   // logs, and what the node has
}

// distance is what a packet takes from one region to another, about as between the real ones. rapbot is near us-west-2.
func distance(from, to string) time.Duration {
	east, west, europe := Names[0], Names[1], Names[2]
	for _, d := range []struct {
		one, other string
		time       time.Duration
	}{
		{east, west, 32},
		{east, europe, 40},
		{west, europe, 68},
		{Ops, east, 32},
		{Ops, west, 3},
		{Ops, europe, 68},
	} {
		if from == d.one && to == d.other || from == d.other && to == d.one {
			return d.time * time.Millisecond
		}
	}
	return 0
}

// Start starts the regions of the run that this process is within, and returns when their nodes are ready.
func Start(ctx context.Context) (*Lab, error) {
	run, err := current()
	if err != nil {
		return nil, err
	}
	p, err := run.provisions()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(run.Dir, "lab-")
	if err == nil {
		err = os.Chmod(dir, 0o711) // pods run as other users
	}
	if err != nil {
		return nil, err
	}
	l := &Lab{Dir: dir, WAN: newWAN(distance), Rapbot: p.Rapbot, Bot: p.Bot}
	if err := l.start(ctx, run, p); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) start(ctx context.Context, run *Run, p provisions) error {
	own, err := plug(os.Getpid(), opsAddress)
	if err != nil {
		return err
	}
	l.WAN.join(Ops, mustPrefix("10.90.0.0/16"), own)
	if l.names, err = serveNames(opsNames, databases); err != nil {
		return err
	}
	images := p.Images
	if p.Bot != "" {
		images = append(images, p.Bot)
	}
	for n, name := range Names {
		m, err := newMachine(orders{
			Run: run.ID, Region: name, Dir: filepath.Join(l.Dir, name), Network: network{n + 1},
			Cluster: p.Cluster, Node: p.Node, Tools: p.Tools, Images: images,
		}, l.WAN)
		if err != nil {
			return err
		}
		l.machines = append(l.machines, m)
	}
	l.regions = make([]*Region, len(Names))
	var all errgroup.Group
	for n, m := range l.machines {
		all.Go(func() (err error) {
			l.regions[n], err = m.region()
			return err
		})
	}
	return all.Wait()
}

// region waits for a machine and makes the way to it.
func (m *machine) region() (*Region, error) {
	report, err := m.await()
	if err != nil {
		return nil, err
	}
	r := &Region{
		Name: m.orders.Region, Kubeconfig: report.Kubeconfig, Took: report.Took, Dir: m.orders.Dir,
	}
	if r.Config, err = clientcmd.BuildConfigFromFlags("", report.Kubeconfig); err != nil {
		return nil, err
	}
	r.Config.QPS = -1
	r.Client, err = kubernetes.NewForConfig(r.Config)
	return r, err
}

// Regions lists the regions.
func (l *Lab) Regions() []*Region { return l.regions }

// Region finds one by its name; nil when there is none.
func (l *Lab) Region(name string) *Region {
	for _, r := range l.regions {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// Close ends the regions.
func (l *Lab) Close() error {
	var all errgroup.Group
	for _, m := range l.machines {
		all.Go(m.close)
	}
	err := all.Wait()
	if l.names != nil {
		err = errors.Join(err, l.names.Close())
	}
	return errors.Join(err, l.WAN.close())
}

func mustPrefix(text string) netip.Prefix {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", text, err)) // the text is ours
	}
	return prefix
}
