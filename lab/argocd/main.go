// Command argocd is what Argo CD needs on one machine, in one program: the
// controller that makes Applications of ApplicationSets, the one that brings them
// to the clusters, the server that renders charts, helm, by which it does, and a
// Redis in memory. It is told which of them to be by the name it is called by, or
// by its first argument.
//
// It is a module of its own: what Argo CD requires must stay out of rapbot's
// go.mod. The first build takes some ten minutes on two cores, later ones seconds.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/alicebob/miniredis/v2"
	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	sets "github.com/argoproj/argo-cd/v3/cmd/argocd-applicationset-controller/commands"
	repositories "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
	helm "helm.sh/helm/v4/pkg/cmd"
)

// programs are what this one can be.
var programs = map[string]func() error{
	"argocd-application-controller":    func() error { return run(controller.NewCommand()) },
	"argocd-applicationset-controller": func() error { return run(sets.NewCommand()) },
	"argocd-repo-server":               func() error { return run(repositories.NewCommand()) },
	"helm":                             runHelm,
	"redis-server":                     runRedis,
}

func main() {
	program, ok := programs[filepath.Base(os.Args[0])]
	if !ok && len(os.Args) > 1 {
		os.Args = os.Args[1:]
		program, ok = programs[os.Args[0]]
	}
	if !ok {
		var names []string
		for name := range programs {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintln(os.Stderr, "the first argument, or the name of the program, is one of:", strings.Join(names, ", "))
		os.Exit(2)
	}
	if err := program(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(cmd *cobra.Command) error { return cmd.Execute() }

func runHelm() error {
	cmd, err := helm.NewRootCmd(os.Stdout, os.Args[1:], helm.SetupLogging)
	if err != nil {
		return err
	}
	return cmd.Execute()
}

// runRedis serves at the address that is its only argument until it is told to end.
func runRedis() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("redis-server: one argument, host:port")
	}
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(os.Args[1]); err != nil {
		return err
	}
	defer server.Close()
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, os.Interrupt)
	<-end
	return nil
}
