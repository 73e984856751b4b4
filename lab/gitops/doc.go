// Package gitops runs the real Argo CD beside the regions' Kubernetes: the
// controller that makes Applications of ApplicationSets, the one that brings them to
// the clusters, and the server that renders charts, out of a repository on this
// machine's disk. Nothing of it is simulated but Redis.
//
// One thing listens on all addresses, at a port that the kernel gives: the metrics
// of Argo CD's application controller, whose address cannot be chosen.
package gitops
