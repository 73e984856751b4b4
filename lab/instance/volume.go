package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// volume asks the lab for what acts on a server's data, and passes on what it
// says while it says it. A copy takes as long as it takes: rapbot ends this
// process when it has waited long enough, and the lab then ends the work.
func volume(address string, args []string, stdout, stderr io.Writer) int {
	query := url.Values{"source": {args[0]}}
	if len(args) > 1 {
		query.Set("from", args[1])
	}
	resp, err := http.Post(address+"?"+query.Encode(), "application/json", nil)
	if err != nil {
		fmt.Fprintln(stderr, "the lab gives no answer:", err)
		return 1
	}
	defer resp.Body.Close()
	lines := json.NewDecoder(resp.Body)
	for {
		var line struct {
			Stdout, Stderr, Error string
			Exit                  *int
		}
		if err := lines.Decode(&line); err != nil {
			fmt.Fprintln(stderr, "the lab ended in the middle of its answer:", err)
			return 1
		}
		fmt.Fprint(stdout, line.Stdout)
		fmt.Fprint(stderr, line.Stderr)
		if line.Exit != nil {
			return *line.Exit
		}
		if line.Error != "" {
			fmt.Fprintln(stderr, line.Error)
			return 1
		}
	}
}
