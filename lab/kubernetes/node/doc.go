// Package node is a Kubernetes node whose pods are processes on this machine: a small kubelet.
//
// What a kubelet does is done, by the same rules: init containers, restarts with a growing pause, probes, graceful ends with their hooks, volumes, conditions
// and reasons in the status, logs, exec and port-forward through the API server. What a container runtime does is not: a container sees the machine's files.
// Three things stand in for that.
//
//   - An image is a name for a program on this machine, see Images. What its tag is called the program finds in VERSION; the tags imagepull, crash and slow
//     mean what they say.
//   - Where a volume is mounted is replaced by the folder that it really is, in the command, the arguments and the environment of a container. Nothing is
//     replaced within files, so a pod has to pass every path by these.
//   - A pod's address is one of 127.A.B.*, which are this node's alone; its processes listen on it with their own ports. Who listens on all addresses
//     takes the port from all pods of this machine.
//
// A Service of type LoadBalancer has an address too, which leads to its ready pods (Services). Nobody serves the addresses of other Services, and there is no DNS.
//
// Everything that a container starts dies with it, and all containers die with this process, kill -9 included. If that is root, containers run as an unprivileged
// user. The node can be killed, as the machine that it would be, frozen, and started again with what its volumes hold.
package node
