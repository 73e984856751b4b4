// Package real holds the tests of argocd with the real Argo CD and real API
// servers.
package real
