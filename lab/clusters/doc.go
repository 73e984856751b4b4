// Package clusters is the fleet as it is in production: three regions, each a Kubernetes with nothing in it at first, which rapbot fills with
// the charts that it ships and operates from then on. What stands for Rap Analyzer is lab/workload, behind its Deployment; PostgreSQL runs as the
// chart starts it, in pods that are processes of this machine.
package clusters
