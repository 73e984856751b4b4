package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	"k8s.io/utils/exec"

	"github.com/rap-analyzer/rapbot/lab/cage"
)

var (
	_ remotecommand.Executor    = (*pod)(nil)
	_ portforward.PortForwarder = (*pod)(nil)
)

// ExecInContainer runs a command as if in the container. There is no terminal: who asks for one gets pipes. The command goes on when whoever asked is gone, as in a real
// container, and dies with the container.
func (p *pod) ExecInContainer(_ context.Context, _, _, name string, words []string, in io.Reader, out, errs io.WriteCloser,
	_ bool, resize <-chan remotecommand.TerminalSize, _ time.Duration,
) error {
	c, err := p.container(name)
	if err != nil {
		return err
	}
	go func() {
		for range resize { // somebody has to take them
		}
	}()
	running, err := c.startBeside(words, in, sink(out), sink(errs))
	if err != nil {
		return err
	}
	code, err := running.Wait(p.run.ctx)
	if err != nil {
		return err
	}
	if code != 0 {
		return exec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", code), Code: code}
	}
	return nil
}

// startBeside starts a command as if in the container. It ends with what runs there.
func (c *container) startBeside(words []string, in io.Reader, out, errs io.Writer) (*cage.Cage, error) {
	c.mu.Lock()
	dir, env, m, main := c.dir, c.env, c.mounted, c.cage
	c.mu.Unlock()
	if main == nil {
		return nil, fmt.Errorf("container %s does not run", c.spec.Name)
	}
	if len(words) == 0 {
		return nil, errors.New("no command")
	}
	cmd := c.pod.run.node.command(dir, env, m.replaceAll(words))
	cmd.Stdout, cmd.Stderr = out, errs
	if in != nil {
		pipe, err := cmd.StdinPipe() // nobody waits for the end of the input when the command has ended
		if err != nil {
			return nil, err
		}
		go func() {
			_, _ = io.Copy(pipe, in)
			_ = pipe.Close()
		}()
	}
	running, err := cage.Start(cmd)
	if err != nil {
		return nil, err
	}
	c.host(running, true)
	go func() {
		select {
		case <-main.Done():
			running.Kill()
		case <-running.Done():
		}
		c.host(running, false)
	}()
	return running, nil
}

// host notes what is run beside the container, so that it is frozen and found as what runs in it.
func (c *container) host(guest *cage.Cage, there bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if there {
		c.guests[guest] = true
	} else {
		delete(c.guests, guest)
	}
}

// sink is a writer that takes everything, also when its reader is gone: the command must not notice.
func sink(to io.Writer) io.Writer {
	if to == nil {
		return nil
	}
	return &patientWriter{to: to}
}

type patientWriter struct {
	to   io.Writer
	gone bool
}

func (w *patientWriter) Write(p []byte) (int, error) {
	if !w.gone {
		_, err := w.to.Write(p)
		w.gone = err != nil
	}
	return len(p), nil
}

// PortForward leads a stream to a port of the pod's.
func (p *pod) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	if port <= 0 || port > 65535 {
		return fmt.Errorf("port %d is none", port)
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp4", netip.AddrPortFrom(p.address, uint16(port)).String())
	if err != nil {
		return err
	}
	tcp := conn.(*net.TCPConn) // the network is tcp4
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(tcp, stream)
		_ = tcp.CloseWrite()
	})
	_, err = io.Copy(stream, tcp)
	_ = tcp.Close()
	_ = stream.Close()
	both.Wait()
	return err
}
