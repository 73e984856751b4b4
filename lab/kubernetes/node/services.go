package node

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/rap-analyzer/rapbot/lab/line"
)

// services leads what comes to the addresses of Services to pods, as a load balancer and its machine's rules do.
type services struct {
	run  *run
	soon chan struct{} // has one element when something may have changed

	mu       sync.Mutex
	objects  map[string]*core.Service // by namespace/name
	doors    map[string]*door         // by address:port
	frozen   bool
	closed   bool
	handling sync.WaitGroup
}

// door is one port of a Service's: it listens while there is a pod behind it that does.
type door struct {
	services *services
	address  string
	service  *core.Service
	port     core.ServicePort

	mu       sync.Mutex
	listener net.Listener
	next     int // whose turn it is
}

func newServices(r *run) *services {
	return &services{run: r, soon: make(chan struct{}, 1), objects: map[string]*core.Service{}, doors: map[string]*door{}}
}

// watch takes up the Services of type LoadBalancer as they come.
func (s *services) watch(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(s.run.client, 0)
	informer := factory.Core().V1().Services().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { s.see(object.(*core.Service)) },
		UpdateFunc: func(_, object any) { s.see(object.(*core.Service)) },
		DeleteFunc: func(object any) {
			if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = last.Obj
			}
			if gone, ok := object.(*core.Service); ok {
				s.forget(gone)
			}
		},
	})
	if err != nil {
		return err
	}
	factory.Start(s.run.ctx.Done())
	s.run.all.Go(factory.Shutdown)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("list the services: %w", ctx.Err())
	}
	s.run.all.Go(s.follow)
	return nil
}

func (s *services) see(object *core.Service) {
	if s.run.pass(s.run.ctx) != nil {
		return
	}
	if object.Spec.Type != core.ServiceTypeLoadBalancer || object.DeletionTimestamp != nil {
		s.forget(object)
		return
	}
	address, err := s.run.node.ServiceAddress(object.Namespace, object.Name, object.Spec.LoadBalancerIP)
	if err != nil {
		s.run.node.opt.Log("service %s/%s: %v", object.Namespace, object.Name, err)
		return
	}
	s.mu.Lock()
	s.objects[object.Namespace+"/"+object.Name] = object
	s.mu.Unlock()
	s.announce(object, address)
	s.settleSoon()
}

// announce says in the Service's status where it is reached.
func (s *services) announce(object *core.Service, address netip.Addr) {
	known := object.Status.LoadBalancer.Ingress
	if len(known) == 1 && known[0].IP == address.String() {
		return
	}
	ctx, cancel := context.WithTimeout(s.run.ctx, callTime)
	defer cancel()
	fresh := object.DeepCopy()
	fresh.Status.LoadBalancer.Ingress = []core.LoadBalancerIngress{{IP: address.String()}}
	if _, err := s.run.client.CoreV1().Services(object.Namespace).UpdateStatus(ctx, fresh, meta.UpdateOptions{}); err != nil {
		s.run.node.opt.Log("service %s/%s: %v", object.Namespace, object.Name, err) // the next look at it brings another try
	}
}

func (s *services) forget(object *core.Service) {
	s.mu.Lock()
	delete(s.objects, object.Namespace+"/"+object.Name)
	s.mu.Unlock()
	s.settleSoon()
}

func (s *services) settleSoon() {
	select {
	case s.soon <- struct{}{}:
	default:
	}
}

// glance is the pause between two looks at who listens: nobody announces that.
const glance = 100 * time.Millisecond

// follow keeps the doors as the Services and pods are.
func (s *services) follow() {
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		select {
		case <-s.soon:
		case <-tick.C:
		case <-s.run.ctx.Done():
			return
		}
		s.settle()
	}
}

// settle makes a door for each port, and opens those behind which a pod listens.
func (s *services) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.frozen {
		return
	}
	wanted := map[string]bool{}
	for _, object := range s.objects {
		address, err := s.run.node.ServiceAddress(object.Namespace, object.Name, object.Spec.LoadBalancerIP)
		if err != nil {
			continue
		}
		for _, port := range object.Spec.Ports {
			if port.Protocol != core.ProtocolTCP {
				continue
			}
			at := net.JoinHostPort(address.String(), strconv.Itoa(int(port.Port)))
			wanted[at] = true
			if s.doors[at] == nil {
				s.doors[at] = &door{services: s, address: at}
			}
			s.doors[at].set(object, port)
		}
	}
	if len(wanted)+len(s.doors) == 0 {
		return
	}
	listening := listeners()
	for at, d := range s.doors {
		d.open(wanted[at] && slices.ContainsFunc(d.targets(), listening.has))
		if !wanted[at] {
			delete(s.doors, at)
		}
	}
}

// freeze keeps the doors as they are, so that nobody is told that nothing answers any more.
func (s *services) freeze(frozen bool) {
	s.mu.Lock()
	s.frozen = frozen
	s.mu.Unlock()
	s.settleSoon()
}

// close shuts all doors.
func (s *services) close() {
	s.mu.Lock()
	s.closed = true
	for _, d := range s.doors {
		d.open(false)
	}
	s.mu.Unlock()
	s.handling.Wait()
}

func (d *door) set(service *core.Service, port core.ServicePort) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.service, d.port = service, port
}

// targets lists the addresses of the pods behind the door that may be led to, in a fixed order.
func (d *door) targets() []netip.AddrPort {
	d.mu.Lock()
	service, port := d.service, d.port
	d.mu.Unlock()
	if len(service.Spec.Selector) == 0 {
		return nil
	}
	selector := labels.SelectorFromSet(service.Spec.Selector)
	var all []netip.AddrPort
	for _, p := range d.services.run.list() {
		object := p.current()
		if object.Namespace != service.Namespace || !selector.Matches(labels.Set(object.Labels)) || !p.address.IsValid() {
			continue
		}
		if !p.servesNow(service.Spec.PublishNotReadyAddresses) {
			continue
		}
		number := port.TargetPort.IntVal
		if number == 0 && port.TargetPort.StrVal == "" {
			number = port.Port
		}
		if number, ok := p.port(port.TargetPort.StrVal, number); ok {
			all = append(all, netip.AddrPortFrom(p.address, uint16(number)))
		}
	}
	slices.SortFunc(all, netip.AddrPort.Compare)
	return all
}

// servesNow reports whether a Service leads to the pod.
func (p *pod) servesNow(unready bool) bool {
	p.mu.Lock()
	ending := !p.deadline.IsZero() || p.gone
	p.mu.Unlock()
	if unready {
		return true
	}
	if ending {
		return false
	}
	for _, c := range p.main {
		c.mu.Lock()
		ready := c.ready
		c.mu.Unlock()
		if !ready {
			return false
		}
	}
	return true
}

func (d *door) open(wanted bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case wanted && d.listener == nil:
		listener, err := line.Listen(d.address)
		if err != nil {
			d.services.run.node.opt.Log("service %s/%s: %v", d.service.Namespace, d.service.Name, err)
			return
		}
		d.listener = listener
		d.services.handling.Go(func() { d.acceptFrom(listener) })
	case !wanted && d.listener != nil:
		_ = d.listener.Close()
		d.listener = nil
	}
}

func (d *door) acceptFrom(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // closed: open did
		}
		client := conn.(*net.TCPConn) // line.Listen listens for nothing else
		d.services.run.node.lineFor(client).Carry(client, d.reach)
	}
}

// reach connects to one of the pods behind the door, each in its turn.
func (d *door) reach(ctx context.Context) (*net.TCPConn, error) {
	targets := d.targets()
	d.mu.Lock()
	d.next++
	turn := d.next
	d.mu.Unlock()
	err := fmt.Errorf("no pod is behind %s", d.address)
	for i := range targets {
		var conn *net.TCPConn
		if conn, err = line.Dial(ctx, targets[(turn+i)%len(targets)].String()); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
