package realnodes

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rap-analyzer/rapbot/lab/child"
)

// orders is what a machine is told, in its environment.
type orders struct {
	Run     string // the run's name
	Region  string
	Dir     string // the machine's folder
	Network network
	Cluster string   // the program of lab/cluster
	Node    string   // the program of lab/cluster/node
	Tools   string   // the folder into which the packages were unpacked
	Images  []string // archives
}

const ordersVariable = "RAPBOT_REALNODES_ORDERS"

// network is the addresses of one region.
type network struct{ Number int }

// Prefix has all of them: /16.
func (n network) Prefix() string { return fmt.Sprintf("10.%d.0.0/16", 90+n.Number) }

// Node is the address of the machine itself.
func (n network) Node() string { return fmt.Sprintf("10.%d.0.1", 90+n.Number) }

// Pods is what the pods' addresses are taken from.
func (n network) Pods() string { return fmt.Sprintf("10.%d.1.0/24", 90+n.Number) }

// Balancer is the address that the load balancer gives to the Service that asks for the nth. The first one is the database's.
func (n network) Balancer(nth int) string { return fmt.Sprintf("10.%d.2.%d", 90+n.Number, nth+1) }

// report is a machine's answer when it is ready, or is not going to be.
type report struct {
	Error      string
	Kubeconfig string                   // leads to the API server over the WAN
	Took       map[string]time.Duration // by what was started
}

// machine is a region's: a network, mounts and a name of its own, in which a whole Kubernetes runs on one node.
type machine struct {
	orders  orders
	process *child.Child
	stdin   io.WriteCloser
	answer  *bufio.Reader
	wan     *os.File
}

// newMachine makes the namespaces and puts them on the WAN.
func newMachine(o orders, wan *WAN) (*machine, error) {
	if err := os.MkdirAll(o.Dir, 0o711); err != nil {
		return nil, err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(o.Dir, "machine.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd, err := again(machineName)
	if err != nil {
		return nil, err
	}
	cmd.Env = append(os.Environ(), ordersVariable+"="+string(text))
	cmd.Stdout, cmd.Stderr = nil, log
	cmd.SysProcAttr = child.Bound()
	cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWUTS
	m := &machine{orders: o}
	if err := m.start(cmd); err != nil {
		return nil, err
	}
	if m.wan, err = plug(m.process.PID(), o.Network.Node()); err != nil {
		return nil, errors.Join(err, m.close())
	}
	wan.join(o.Region, mustPrefix(o.Network.Prefix()), m.wan)
	_, err = fmt.Fprintln(m.stdin, "the network is there")
	return m, err
}

func (m *machine) start(cmd *exec.Cmd) error {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, theirs, err := os.Pipe() // not StdoutPipe: child waits for the process at once, which would close it
	if err != nil {
		return err
	}
	defer theirs.Close()
	cmd.Stdout = theirs
	m.stdin, m.answer = stdin, bufio.NewReader(stdout)
	m.process, err = child.Start(cmd)
	return err
}

// await waits until the machine is ready.
func (m *machine) await() (report, error) {
	line, err := m.answer.ReadBytes('\n')
	if err != nil {
		return report{}, fmt.Errorf("%s ended before it was ready: %s", m.orders.Region, m.lastWords())
	}
	var r report
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("%s: %w", m.orders.Region, err)
	}
	if r.Error != "" {
		return r, fmt.Errorf("%s: %s", m.orders.Region, r.Error)
	}
	return r, nil
}

func (m *machine) lastWords() string {
	text, err := os.ReadFile(filepath.Join(m.orders.Dir, "machine.log"))
	if err != nil {
		return err.Error()
	}
	return child.LastLines(string(text), 6)
}

// stopTime is how long a machine may take to end in good order.
const stopTime = 30 * time.Second

// close ends the machine and its pods, and removes its folder and control groups, so that another machine of its name may come.
func (m *machine) close() error {
	_ = m.stdin.Close()
	var late error
	select {
	case <-m.process.Done():
	case <-time.After(stopTime):
		m.process.MarkEnding()
		_ = m.process.Signal(syscall.SIGKILL)
		<-m.process.Done()
		late = fmt.Errorf("%s did not end in %s", m.orders.Region, stopTime)
	}
	groups := cgroupPrefix + m.orders.Run + "-" + m.orders.Region
	if err := errors.Join(late, killCgroups(groups), removeCgroups(groups)); err != nil {
		return err
	}
	return os.RemoveAll(m.orders.Dir)
}
