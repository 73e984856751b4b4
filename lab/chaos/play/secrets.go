package play

import (
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// secret is something that must be in no message and in no line of rapbot's log.
type secret struct{ name, value string }

func (s *Stage) allSecrets() []secret {
	facts := s.Facts()
	all := []secret{{"the bot's token", facts.Slack.BotToken}, {"the app's token", facts.Slack.AppToken}, {"the webhook's token", facts.Webhook.Token}}
	for _, role := range []regions.Role{regions.Admin, regions.App, regions.Rapbot, "replicator"} {
		if address, err := url.Parse(s.Fleet.Servers()[0].DSN(role)); err == nil {
			password, _ := address.User.Password()
			all = append(all, secret{"the password of " + string(role), password})
		}
	}
	return all
}

// exposed looks for secrets in what was said and logged since the last look, and names where they are.
func (r *run) exposed() []string {
	var found []string
	look := func(where, text string) {
		for _, s := range r.secrets {
			if s.value != "" && strings.Contains(text, s.value) {
				found = append(found, s.name+" is in "+where)
			}
		}
	}
	newest := r.seenTS
	for _, person := range []string{requester, approver, second} {
		messages, err := r.Slack.As(person).Messages(drive.Operations)
		if err != nil {
			r.note("%v", err)
		}
		for _, m := range messages {
			// A card is edited long after it was posted, but not after its operation's run.
			if m.TS > r.seenTS {
				look("message "+m.TS, m.Text+string(m.Blocks)+string(m.Attachments))
				newest = max(newest, m.TS)
			}
		}
	}
	r.seenTS = newest
	look("rapbot's log", r.newLog())
	return found
}

// newLog is what rapbot has logged since the last look.
func (s *Stage) newLog() string {
	file, err := os.Open(s.Facts().Bot.Log)
	if err != nil {
		return ""
	}
	defer file.Close()
	if _, err := file.Seek(s.logRead, io.SeekStart); err != nil {
		return ""
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return ""
	}
	s.logRead += int64(len(text))
	return string(text)
}
