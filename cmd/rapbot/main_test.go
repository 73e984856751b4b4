package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"rapbot": func() { os.Exit(run(context.Background(), os.Args[1:])) },
	})
}

// TestScripts runs the binary as its user would: exit codes, what goes to
// which stream, what is said about a mistake.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}
