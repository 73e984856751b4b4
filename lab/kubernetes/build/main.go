// Command build builds Kubernetes, or with the argument argocd Argo CD, for the lab
// unless that is done already, and prints where the program is.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/rap-analyzer/rapbot/lab/kubernetes/binary"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	program := binary.Kubernetes
	if len(os.Args) > 1 && os.Args[1] == "argocd" {
		program = binary.Argo
	}
	path, err := program.FindOrBuild(ctx, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}
