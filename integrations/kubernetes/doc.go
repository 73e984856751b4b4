// Package kubernetes observes and operates the regions' clusters with
// client-go: rapbot.Clusters and rapbot.Workloads over all of them, and for each
// region a rapbot.Instance and a rapbot.Volume of its PostgreSQL.
//
// A Fleet has one client a region, with its own health. What is known of a
// region comes from watches while they stream, and is trusted only as long as
// a small question is answered every second; an API server that freezes or goes
// dark shows within a few seconds, with what it said last. No region waits for
// another (R9), and nothing waits at the start.
//
// A server counts as stopped when its StatefulSet asks for no pod, the
// controller has seen that, and no pod object is left; the kubelet takes the
// object away when the container has ended. A pod that is being deleted, or whose node is
// dark, is still there. Nothing here deletes a pod by force, and one that vanished
// while its container ran does not count as stopped either (R4).
//
// The data of a stopped server are read and made anew by a Job that runs the
// chart's volume.sh on the server's own claim. It outlives rapbot and is found
// again by its name.
//
// Every verb that is asked of an API server stands in one table, Rights, of which
// the Role is made.
package kubernetes
