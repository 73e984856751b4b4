// Package realnodes runs three regions of Kubernetes with real nodes on one machine: in each region etcd, the API server, the controllers, the scheduler,
// containerd, a kubelet and kube-proxy, in a network and with mounts of its own, and between the regions a wide-area network that takes its time and can be
// cut. What runs on it are containers, of the charts as they are.
//
// It needs root on Linux, and control groups of version 1; Lacks says what a machine has not got. Nothing is installed and nothing listens outside of the
// lab's own networks:
//
//	the test's process      makes what needs the machine's network (packages, programs, images), and waits
//	└ init                  first process of a new process namespace, with a network and mounts of its own; it waits for every orphan
//	  └ ops                 the tests, the emulated Slack and rapbot, at 10.90.0.1 of the WAN
//	    ├ machine us-east-1 a network, mounts and a host name of its own: 10.91.0.0/16
//	    │   ├ etcd, kube-apiserver, kube-controller-manager, kube-scheduler, on loopback
//	    │   ├ containerd and its shims, kubelet, kube-proxy
//	    │   └ the pods
//	    ├ machine us-west-2 10.92.0.0/16
//	    └ machine eu-west-1 10.93.0.0/16
//
// The WAN is this package's too: a device in each network whose packets the ops process takes and hands on, late or not at all.
//
// When the outermost process dies the kernel ends everything else, and the namespaces go with their processes. What is left then is a folder and control
// groups, named after the run; it removes them when it comes to its end, and the next run does when it did not.
package realnodes
