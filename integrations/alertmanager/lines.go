package alertmanager

import (
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// alertBlocks are the alerts one by one, then the labels that all of them
// share. What they all say is said once.
func (v view) alertBlocks() []rapbot.Block {
	var blocks []rapbot.Block
	for i, shared := range v.sharedTexts() {
		if i == 0 {
			shared = v.wording("", "was: ") + shared
		}
		blocks = append(blocks, rapbot.Paragraph{Text: rapbot.Say(shared)})
	}
	if len(v.alerts) > 1 {
		for _, a := range v.alerts[:min(len(v.alerts), maxAlertLines)] {
			blocks = append(blocks, rapbot.Paragraph{Text: v.line(a)})
		}
	}
	if n := len(v.alerts) - maxAlertLines; n > 0 {
		blocks = append(blocks, rapbot.Paragraph{Text: rapbot.Say(fmt.Sprintf("and %d more", n))})
	}
	if labels := v.common.labels(nil, "alertname", "severity", "region"); labels != "" {
		blocks = append(blocks, rapbot.Note{Text: rapbot.Say("Labels: " + labels)})
	}
	return blocks
}

func (v view) sharedTexts() []string {
	var out []string
	for _, s := range []string{v.common.sentence(), v.common.detail()} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// line is one alert among several: its severity in words, the labels that set
// it apart, and what it says that not all of them say.
func (v view) line(a seen) rapbot.Text {
	word, was := a.severity.mark+" "+a.severity.word, ""
	if !a.firing() {
		word, was = rapbot.MarkDone+" resolved", "was: "
	}
	t := rapbot.Say(word)
	if apart := a.labels(v.common.Labels, "severity"); apart != "" {
		t = append(t, rapbot.Say(" ", rapbot.B(apart))...)
	}
	if lasted := a.lasted(); lasted != "" {
		t = append(t, rapbot.Say(" after "+lasted)...)
	}
	if said := v.saidApart(a); said != "" {
		t = append(t, rapbot.Say(" — "+was+said)...)
	}
	if detail := a.detail(); detail != "" && a.annotation("description") != v.common.annotation("description") {
		t = append(t, rapbot.Say("\n"+detail)...)
	}
	return t
}

// saidApart is the sentence and the value of one alert, where they are its own.
func (v view) saidApart(a seen) string {
	said, value := a.sentence(), a.measured()
	if said == v.common.sentence() {
		said = ""
	}
	if value == "" || value == v.common.measured() {
		return said
	}
	if said == "" {
		return "value " + value
	}
	return strings.TrimSuffix(said, ".") + "; value " + value
}
