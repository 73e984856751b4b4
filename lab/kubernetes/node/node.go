package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"

	"github.com/rap-analyzer/rapbot/lab/cage"
	"github.com/rap-analyzer/rapbot/lab/line"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// Options say what a node is.
type Options struct {
	Name    string
	Region  string                                   // a label of the node
	Dir     string                                   // for pods and their logs; the account that containers run as must be able to come there
	Config  *rest.Config                             // to the API server, as one who may do everything
	Clients []byte                                   // the authority, in PEM, whose clients may ask the node for logs and the like
	Serving func(ip net.IP) (tls.Certificate, error) // makes the certificate that the node shows them
	Images  Images
	Line    func(inode string) *line.Line // over which a connection to a Service comes, by the number of its other end's socket; nil for a whole one
	// The pauses between restarts; 1 s and 30 s when zero, which is less patient than a kubelet.
	BackOff, MaxBackOff time.Duration
	Log                 func(format string, args ...any)
}

// Node is one machine of a region's.
type Node struct {
	Name    string
	Address string // on loopback, its own

	opt     Options
	path    string // PATH of this process
	account regions.Account
	block   *block
	own     *line.Line // of connections that nothing disturbs

	life      sync.Mutex // held to start and to end it
	mu        sync.Mutex
	run       *run                  // nil when it is dead
	addresses map[string]netip.Addr // of Services, by namespace/name
}

// run is the node from one start to its death.
type run struct {
	node   *Node
	client kubernetes.Interface
	events record.EventRecorder

	ctx context.Context // ends when the machine dies
	die context.CancelCauseFunc
	all sync.WaitGroup // what ends with it

	mu     sync.Mutex
	pods   map[types.UID]*pod
	frozen chan struct{} // closed when it is thawed; nil when it is not frozen

	services *services
	server   server
}

// errDead is why everything ends when the node is killed.
var errDead = errors.New("the node is dead")

// callTime bounds a call to the API server.
const callTime = 5 * time.Second

// New lays out a node. It is to be started.
func New(opt Options) (*Node, error) {
	if opt.BackOff == 0 {
		opt.BackOff = time.Second
	}
	if opt.MaxBackOff == 0 {
		opt.MaxBackOff = 30 * time.Second
	}
	if opt.Log == nil {
		opt.Log = func(string, ...any) {}
	}
	account, err := regions.ServerAccount()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(opt.Dir, 0o711); err != nil {
		return nil, err
	}
	b, err := claimBlock()
	if err != nil {
		return nil, err
	}
	return &Node{
		Name: opt.Name, Address: b.at(hostNode).String(),
		opt: opt, path: os.Getenv("PATH"), account: account, block: b, own: line.New(), addresses: map[string]netip.Addr{},
	}, nil
}

// Start starts the node, with what its volumes hold, and returns when it is
// registered and takes pods. One that runs is a success.
func (n *Node) Start(ctx context.Context) error {
	n.life.Lock()
	defer n.life.Unlock()
	if n.current() != nil {
		return nil
	}
	client, err := kubernetes.NewForConfig(n.opt.Config)
	if err != nil {
		return err
	}
	r := &run{node: n, client: client, pods: map[types.UID]*pod{}}
	r.ctx, r.die = context.WithCancelCause(context.Background())
	r.services = newServices(r)
	if err := r.start(ctx); err != nil {
		r.end()
		return fmt.Errorf("start node %s: %w", n.Name, err)
	}
	n.mu.Lock()
	n.run = r
	n.mu.Unlock()
	return nil
}

func (r *run) start(ctx context.Context) error {
	if err := r.serve(); err != nil {
		return err
	}
	if err := r.register(ctx); err != nil {
		return err
	}
	r.startEvents()
	if err := r.watchPods(ctx); err != nil {
		return err
	}
	if err := r.services.watch(ctx); err != nil {
		return err
	}
	r.all.Go(r.beat)
	return nil
}

func (n *Node) current() *run {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.run
}

// Kill is a power cut: everything on the node is dead at once and nobody is told. What its volumes hold stays.
func (n *Node) Kill() {
	n.life.Lock()
	defer n.life.Unlock()
	r := n.current()
	if r == nil {
		return
	}
	n.mu.Lock()
	n.run = nil
	n.mu.Unlock()
	r.end()
	n.opt.Log("node %s is killed", n.Name)
}

// end kills what runs, and returns when nothing is left of it.
func (r *run) end() {
	r.die(errDead)
	r.Thaw()
	var dying sync.WaitGroup
	r.eachContainer(func(c *container) { dying.Go(c.kill) })
	dying.Wait()
	r.services.close()
	r.all.Wait()
	for _, p := range r.list() {
		p.sweep()
	}
}

// Close kills the node for good and gives its addresses back.
func (n *Node) Close() {
	n.Kill()
	n.own.Close()
	n.block.release()
}

// Freeze stops the node and everything on it in its tracks: connections stay open and nothing answers.
func (n *Node) Freeze() {
	if r := n.current(); r != nil {
		r.Freeze()
		n.opt.Log("node %s is frozen", n.Name)
	}
}

// Thaw lets a frozen node go on. One that is not frozen is a success.
func (n *Node) Thaw() {
	if r := n.current(); r != nil {
		r.Thaw()
	}
}

// HoldDoors keeps the addresses of Services as they are, open or shut, whatever becomes of the pods behind them; false lets them follow again.
func (n *Node) HoldDoors(held bool) {
	if r := n.current(); r != nil {
		r.services.freeze(held)
	}
}

// Freeze is Node's.
func (r *run) Freeze() {
	r.mu.Lock()
	if r.frozen == nil {
		r.frozen = make(chan struct{})
	}
	r.mu.Unlock()
	r.services.freeze(true)
	for _, running := range r.cages() {
		running.Freeze()
	}
}

// Thaw is Node's.
func (r *run) Thaw() {
	r.mu.Lock()
	if r.frozen == nil {
		r.mu.Unlock()
		return
	}
	close(r.frozen)
	r.frozen = nil
	r.mu.Unlock()
	for _, running := range r.cages() {
		running.Thaw()
	}
	r.services.freeze(false)
}

func (r *run) eachContainer(do func(*container)) {
	for _, p := range r.list() {
		for _, c := range p.all() {
			do(c)
		}
	}
}

// cages is everything that runs in pods.
func (r *run) cages() (all []*cage.Cage) {
	r.eachContainer(func(c *container) { all = append(all, c.cages()...) })
	return all
}

// pass is gone through before everything that the node does: it holds while the node is frozen.
func (r *run) pass(ctx context.Context) error {
	for {
		r.mu.Lock()
		frozen := r.frozen
		r.mu.Unlock()
		if frozen == nil {
			return ctx.Err()
		}
		select {
		case <-frozen:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// list is the pods that there are.
func (r *run) list() []*pod {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*pod
	for _, p := range r.pods {
		all = append(all, p)
	}
	return all
}

// processes lists everything that runs in the node's pods.
func (r *run) processes() []string {
	var all []string
	for _, pid := range cage.DescendantsOf(r.cages()...) {
		all = append(all, strconv.Itoa(pid))
	}
	return all
}
