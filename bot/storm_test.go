package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/alertmanager"
)

// many delivers groups without a file for each of them:
//
//	alertmanager: fires Disk 1-12 eu-west-1 warning 2
//	alertmanager: resolves Disk 3 eu-west-1 warning 2
//	alertmanager: again Disk 3 eu-west-1 warning 2
//
// are groups Disk1 to Disk12 of two alerts each, in one region; the third of
// them resolves, and begins to fire once more.
func (p *player) many(ctx context.Context, words string) error {
	f := strings.Fields(words)
	if len(f) != 6 {
		return fmt.Errorf("alertmanager: %q: not fires|resolves|again name number region severity alerts", words)
	}
	first, last, isRange := strings.Cut(f[2], "-")
	if !isRange {
		last = first
	}
	from, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	to, err := strconv.Atoi(last)
	if err != nil {
		return err
	}
	alerts, err := strconv.Atoi(f[5])
	if err != nil {
		return err
	}
	for n := from; n <= to; n++ {
		began := start.Add(-time.Minute)
		if f[0] == "again" {
			began = p.clock.Now()
		}
		body := groupPayload(f[0] != "resolves", fmt.Sprint(f[1], n), f[3], f[4], alerts, began, p.clock.Now())
		d, err := alertmanager.Decode(body, p.clock.Now())
		if err != nil {
			return err
		}
		if _, err := p.book.Accept(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func groupPayload(firing bool, name, region, severity string, alerts int, began, now time.Time) []byte {
	status, ends := "firing", "0001-01-01T00:00:00Z"
	if !firing {
		status, ends = "resolved", now.Format(time.RFC3339)
	}
	var all []any
	for i := range alerts {
		all = append(all, map[string]any{
			"status": status, "startsAt": began.Format(time.RFC3339), "endsAt": ends, "fingerprint": fmt.Sprintf("%s-%d", name, i),
			"labels":      map[string]string{"alertname": name, "region": region, "severity": severity, "instance": fmt.Sprint("db-", i)},
			"annotations": map[string]string{"summary": fmt.Sprintf("%s on db-%d", name, i)},
		})
	}
	body, err := json.Marshal(map[string]any{
		"receiver": "rapbot", "status": status, "version": "4", "groupKey": "{}:{alertname=\"" + name + "\"}",
		"groupLabels": map[string]string{"alertname": name}, "alerts": all,
	})
	if err != nil {
		panic(err)
	}
	return body
}

// admits lets one post through, unless the play has bounded them.
func (t *transcript) admits() error {
	if t.down {
		return errDown
	}
	if !t.bounded {
		return nil
	}
	if t.takes == 0 {
		return &rapbot.Error{Code: rapbot.Unavailable, What: "Slack takes no more from rapbot for the moment.", Err: errDown}
	}
	t.takes--
	return nil
}
