// Command instance is what rapbot's configuration names in the lab as the
// commands that stop and start a region's server. It asks the lab, and exits
// as pg_ctl does: 0 done or running, 3 stopped, 1 anything else. What acts on
// a stopped server's data exits, and says, what charts' volume.sh does.
//
//	instance http://127.0.0.1:PORT us-east-1 stop
//	instance http://127.0.0.1:PORT us-east-1 divergence us-west-2 0/0
//	instance http://127.0.0.1:PORT us-east-1 rebuild us-west-2
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	switch {
	case len(args) == 3:
	case len(args) == 4 && (args[2] == "rewind" || args[2] == "rebuild"), len(args) == 5 && args[2] == "divergence":
		return volume(args[0]+"/lab/instances/"+args[1]+"/"+args[2], args[3:], os.Stdout, os.Stderr)
	default:
		fmt.Fprintln(os.Stderr, "usage: instance <lab address> <region> start-primary|start-replica|stop|status|divergence <source> <from>|rewind <source>|rebuild <source>")
		return 2
	}
	// Longer than the lab waits for a server that its boot gate holds, so that the reason arrives.
	client := http.Client{Timeout: 130 * time.Second}
	resp, err := client.Post(args[0]+"/lab/instances/"+args[1]+"/"+args[2], "application/json", nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, "the lab gives no answer:", err)
		return 1
	}
	defer resp.Body.Close()
	var answer struct {
		State string `json:"state"`
		Error string `json:"error"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		fmt.Fprintf(os.Stderr, "%s %s: %s %s\n", args[2], args[1], resp.Status, answer.Error)
		return 1
	}
	if args[2] == "status" && answer.State != "running" {
		return 3
	}
	return 0
}
