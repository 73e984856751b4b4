// Command workload stands for Rap Analyzer in the lab's pods. In the primary zone it inserts numbered rows, one after the other, and notes which of
// them were acknowledged; in the replica zone it reads. Each insert and each read counts as one request.
//
// It is told by its environment:
//
//	DATABASE_HOST, DATABASE_PORT, DATABASE_NAME, DATABASE_USER
//	DATABASE_PASSWORD_FILE   read at each connection, or DATABASE_PASSWORD
//	DATABASE_SSLMODE         as of PostgreSQL's own clients; prefer when empty
//	DATABASE_TABLE           made if the login may and it is not there; analyses when empty
//	REGION, ZONE             primary or replica
//	VERSION                  with "errors" in it a fifth of the requests fails
//	POD_IP, PORT             where it serves /healthz, /readyz and /metrics; 127.0.0.1 and 8080 when empty
//	REQUEST_EVERY            the pause between two requests, a Go duration; 20ms when empty
//	ACKNOWLEDGED_FILE        gets a line for each acknowledged row: writer, number and time; none when empty
//
// It connects for ever, and ends at SIGTERM after the request that is under way.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "workload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, env func(string) string) error {
	s, err := readSettings(env)
	if err != nil {
		return err
	}
	a, err := newApp(s)
	if err != nil {
		return err
	}
	defer a.close()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: a.handler(), ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Printf("rap-analyzer %s serves %s as %s of %s, database %s:%s\n", s.version, s.region, s.zone, s.table, s.host, s.port)
	a.work(ctx)
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = server.Shutdown(last)
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	fmt.Println("rap-analyzer ends")
	return err
}
