// Package prometheus asks a Prometheus server how far the replicas were behind.
//
// A query is the operator's own; what it must return is one series a region,
// told by the label region: seconds, or bytes. Series of regions that rapbot
// does not know are left out, and so are those that are not numbers.
//
// Rules:
//
//   - An answer is bounded in time and in size, whatever the server does.
//   - What Prometheus has no sample for is a gap, and never the value before it.
//   - The token leaves for the configured server only, and stands in no error.
package prometheus
