package regions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// Options say where the fleet lives and which regions it has.
type Options struct {
	Dir   string               // where the servers' folders go; a temporary folder, removed by Close, when empty or out of the servers' reach
	Names []string             // the regions, the first of which begins as the primary; default us-east-1, us-west-2, eu-west-1
	Links bool                 // every viewer reaches every server through a Link of its own, which can be cut, stalled and slowed
	Log   func(string, ...any) // one line for each thing done; default nothing

	SelfFence time.Duration // how long a primary goes on that has lost every other region, in whole seconds; default 5 s
	GateEvery time.Duration // the pause between two looks of the boot gates; default 1 s
}

// Fleet is the servers of all regions.
type Fleet struct {
	dir       string
	temporary bool
	lock      *os.File
	servers   []*Server
	passwords map[Role]string
	pg        Installation
	account   Account
	log       func(string, ...any)
	volumeEnv []string // on top of what volume.sh gets; for tests
	selfFence time.Duration
	gateEvery time.Duration

	mu     sync.Mutex
	writer *Writer
	probes []*Probe

	closing sync.Once
	closed  error
}

// Start makes a new fleet and comes back when the replicas stream; ctx bounds the start, not the fleet. What an earlier fleet left in the same folder is
// removed: a lab that begins where a broken one ended would be no use to anybody.
func Start(ctx context.Context, opts Options) (*Fleet, error) {
	if len(opts.Names) == 0 {
		opts.Names = []string{"us-east-1", "us-west-2", "eu-west-1"}
	}
	if opts.Log == nil {
		opts.Log = func(string, ...any) {}
	}
	if opts.SelfFence == 0 {
		opts.SelfFence = 5 * time.Second
	}
	if opts.GateEvery == 0 {
		opts.GateEvery = time.Second
	}
	if err := checkNames(opts.Names); err != nil {
		return nil, err
	}
	pg, err := FindInstallation()
	if err != nil {
		return nil, err
	}
	who, err := ServerAccount()
	if err != nil {
		return nil, err
	}
	f := &Fleet{
		pg: pg, account: who, passwords: newPasswords(), log: opts.Log,
		selfFence: opts.SelfFence, gateEvery: opts.GateEvery,
	}
	if f.dir, f.temporary, err = who.Home(opts.Dir); err != nil {
		return nil, fmt.Errorf("start fleet: %w", err)
	}
	if err := f.makeReady(ctx, opts.Names, opts.Links); err != nil {
		return nil, errors.Join(fmt.Errorf("start fleet: %w", err), f.Close())
	}
	return f, nil
}

func (f *Fleet) makeReady(ctx context.Context, names []string, linked bool) error {
	began := time.Now()
	if err := f.takeFolder(); err != nil {
		return err
	}
	for _, name := range names {
		held, err := loopback.Reserve()
		if err != nil {
			return err
		}
		f.servers = append(f.servers, newServer(f, name, held))
	}
	if linked {
		if err := f.layLinks(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := f.bootstrap(ctx); err != nil {
		return err
	}
	f.log("PostgreSQL %d from %s: %d regions up in %s, data in %s", f.pg.Major, f.pg.Dir, len(names),
		time.Since(began).Round(time.Millisecond), f.dir)
	return nil
}

// takeFolder makes sure that no other fleet lives in the folder. The kernel gives the lock back when the process ends, however it ends.
func (f *Fleet) takeFolder() error {
	lock, err := os.OpenFile(filepath.Join(f.dir, "regions.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		f.temporary = false // it belongs to whoever holds the lock
		return fmt.Errorf("another fleet runs in %s", f.dir)
	}
	f.lock = lock
	return nil
}

// Servers lists the servers in the order of Options.Names.
func (f *Fleet) Servers() []*Server { return f.servers }

// Region gives the server of a region, or nil when there is none of that name.
func (f *Fleet) Region(name string) *Server {
	for _, server := range f.servers {
		if server.Name == name {
			return server
		}
	}
	return nil
}

// each does the same to all servers at once.
func (f *Fleet) each(do func(*Server) error) error {
	var all errgroup.Group
	for _, server := range f.servers {
		all.Go(func() error { return do(server) })
	}
	return all.Wait()
}

// Close ends the writer, the probes and the servers, and removes the data if they are in a temporary folder. Only the first call does.
func (f *Fleet) Close() error {
	f.closing.Do(func() { f.closed = f.close() })
	return f.closed
}

func (f *Fleet) close() error {
	f.mu.Lock()
	writer, probes := f.writer, f.probes
	f.mu.Unlock()
	if writer != nil {
		writer.Stop()
	}
	for _, probe := range probes {
		probe.Stop()
	}
	f.closeLinks() // before the servers, which would wait for what a stalled link holds back
	err := f.each(func(s *Server) error { return s.finish(f.temporary) })
	for _, server := range f.servers {
		server.held.Release()
	}
	if f.lock != nil {
		_ = f.lock.Close()
	}
	if f.temporary {
		err = errors.Join(err, os.RemoveAll(f.dir))
	}
	return err
}
