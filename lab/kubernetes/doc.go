// Package kubernetes runs the regions' Kubernetes on one machine: for each region a control plane of its own, which is real, on loopback.
//
// The nouns:
//
//   - Lab: all the regions, in one folder, alive as long as this process. One kubeconfig file leads to them, with contexts that are called as the
//     regions are.
//   - Region: etcd, the API server, the controllers and the scheduler of one region. It can be frozen (connections are taken and nothing answers), killed,
//     stopped and started again with what it had.
//   - Fake nodes, whose pods only seem to run: kwok says of them what a kubelet would. The tag of an image says how its pods fare, see Stages.
//
// What a control plane does is true to life: admission, RBAC, tokens of service accounts, rollouts, Jobs, garbage collection, claims that get volumes.
//
// Nothing outlives the process. Each program is a child that the kernel kills when this process ends, kill -9 included; its ports are held while it is
// down, so that it comes back under the address the others know.
//
// All of Kubernetes is one program, which is built once per machine (make cluster): see lab/cluster.
package kubernetes
