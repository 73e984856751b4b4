package commands

import (
	"context"
	"fmt"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

var silence = Command{
	Name:    "silence",
	Summary: "Keep Alertmanager from notifying of some alerts for a while",
	Detail: []string{
		"Makes a silence in Alertmanager and tells everybody of it: in the thread of the card that it covers, or in the alerts channel. The cards show who silenced them, until when and why, with a button that ends it.",
		"Every full member of the workspace may do this, up to the time that alertmanager.api.longest_silence allows. It needs no second person: it changes no server, ends by itself, and is seen by everybody; if quietening a page at night had to wait for somebody else to wake up, people would mute the channel instead, which nobody sees. Guests, bots and people of other workspaces are refused.",
		"A matcher is a label, one of =, !=, =~ (a regular expression) and !~, and a value. All of them must hold.",
	},
	Args: []Arg{{Name: "matcher", Many: true, Help: `such as alertname="ReplicationLag"; one or more`}},
	Flags: []Flag{
		{Name: "for", Value: "duration", Help: "how long, such as 30m or 2h"},
		{Name: "comment", Value: "words", Help: "why, for whoever is on call next"},
	},
	Examples: []string{`silence alertname="ReplicationLag" region=eu-west-1 --for 2h --comment base backup is running`, `silence region=~"us-.*" --for 30m --comment network work`},
	Changes:  true,
	Run:      runSilence,
}

func runSilence(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
	s, err := desk.Silence(ctx, call.Person, alert.SilenceWish{Matchers: call.Args["matcher"], For: call.Flags["for"], Comment: call.Flags["comment"]})
	if err != nil {
		return rapbot.Message{}, err
	}
	return told("Silenced "+bounded(s.Conditions(), 200)+".", rapbot.Say(" Until ", rapbot.When(s.EndsAt), "; to end it early: ", rapbot.Mono("/rap unsilence "+s.ID))), nil
}

var unsilence = Command{
	Name:     "unsilence",
	Summary:  "End a silence now",
	Detail:   []string{"Ends a silence of Alertmanager, whoever made it, and tells everybody. /rap alerts shows the silences with their IDs. It is open to the same people as /rap silence."},
	Args:     []Arg{{Name: "id", Help: "the silence, as /rap alerts shows it"}},
	Examples: []string{"unsilence 3f1c2b7a-9d44-4b1e-8a55-0c6d1f2e7a90"},
	Changes:  true,
	Run: func(ctx context.Context, desk Desk, call Call) (rapbot.Message, error) {
		s, err := desk.Unsilence(ctx, call.Person, call.Args["id"])
		if err != nil {
			return rapbot.Message{}, err
		}
		return told(fmt.Sprintf("The silence of %s has ended.", bounded(s.Conditions(), 200)), nil), nil
	},
}
