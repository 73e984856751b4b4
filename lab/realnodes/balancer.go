package realnodes

import (
	"context"
	"fmt"
	"os"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// balance is the region's load balancer: it gives every Service that asks for one an address, in the order in which they ask. What comes to the machine for
// that address, kube-proxy passes on to the Service's pods.
func (m *inside) balance() error {
	given := 0
	provide := func(service *core.Service) {
		if service.Spec.Type != core.ServiceTypeLoadBalancer || len(service.Status.LoadBalancer.Ingress) > 0 || service.DeletionTimestamp != nil {
			return
		}
		fresh := service.DeepCopy()
		fresh.Status.LoadBalancer.Ingress = []core.LoadBalancerIngress{{IP: m.Network.Balancer(given)}}
		ctx, cancel := context.WithTimeout(context.Background(), callTime)
		defer cancel()
		if _, err := m.region.Client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, fresh, meta.UpdateOptions{}); err != nil {
			fmt.Fprintf(os.Stderr, "give %s/%s an address: %v\n", service.Namespace, service.Name, err) // it has changed, and comes again
			return
		}
		given++
	}
	factory := informers.NewSharedInformerFactory(m.region.Client, 0)
	_, err := factory.Core().V1().Services().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { provide(object.(*core.Service)) },
		UpdateFunc: func(_, object any) { provide(object.(*core.Service)) },
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	factory.Start(ctx.Done())
	m.whenDone(func() { stop(); factory.Shutdown() })
	return nil
}
