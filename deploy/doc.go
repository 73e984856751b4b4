// Package deploy plans and carries out what changes the regions' releases: a
// deploy, a rollback, a restart, another number of pods. It goes one region
// after the other, the primary's last, and puts everything back when one of them
// does not come to be as it should.
//
// Helm applies, Kubernetes tells how far it has come, and neither is waited for
// under the other's lock: an upgrade returns when its objects are applied, and
// the pods are followed by observation. So a step can be stopped, shown as it
// goes and taken up again after a crash.
package deploy
