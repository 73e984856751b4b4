// Package patroni runs Patroni's world on one machine, to be measured by the same writer and on the same machine as rapbot: a real etcd and
// three real Patroni nodes on loopback.
//
// PostgreSQL's settings are those of lab/regions; ttl, loop_wait, retry_timeout and maximum_lag_on_failover are Patroni's own defaults.
// A Cluster is made anew at each Start and decides by itself who is the primary, which is what Patroni is for.
//
// Nothing outlives the process. etcd and the Patronis are children that the kernel kills with it; the servers, which Patroni puts out of its
// own family, are found by the folder they work in: by Close, and by a guard when this process is killed.
package patroni
