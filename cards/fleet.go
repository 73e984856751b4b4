package cards

import (
	"fmt"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// Fleet is the answer to "how are we": one line a region, contradictions
// first, and when it was observed.
func Fleet(t rapbot.Topology, clusters []rapbot.Cluster, open []rapbot.Operation, queue alert.Queue) rapbot.Message {
	title := fleetTitle(t)
	m := rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Heading{Text: title}}}
	for _, c := range t.Contradictions() {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.MarkWarning+" ", rapbot.B(c))})
	}
	if s := skew(clusters); s != "" {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.MarkWarning+" ", rapbot.B(s))})
	}
	for _, r := range t.Regions {
		text := regionLine(r)
		if c, known := clusterOf(clusters, r.Name); known {
			text = append(text, clusterText(c)...)
		}
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: text})
	}
	for _, o := range open {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(fmt.Sprintf("Operation %s: %s.", o.ID, Title(o)))})
	}
	if waits := queue.Say(t.At); waits != "" {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(waits)})
	}
	m.Blocks = append(m.Blocks, rapbot.Note{Text: rapbot.Say("Observed at ", rapbot.When(t.At), ".")})
	return m
}

func fleetTitle(t rapbot.Topology) string {
	primary, one := t.Primary()
	if !one {
		return "The fleet has no single primary"
	}
	replicas, streaming := 0, 0
	for _, r := range t.Regions {
		if r.Name == primary.Name {
			continue
		}
		replicas++
		if r.Role == rapbot.Replica && r.Lag.Streaming {
			streaming++
		}
	}
	return fmt.Sprintf("%s is primary, %d of %d replicas streaming", primary.Name, streaming, replicas)
}

func regionLine(r rapbot.Region) rapbot.Text {
	switch r.Role {
	case rapbot.Primary:
		return rapbot.Say(rapbot.MarkDone+" ", rapbot.B(r.Name), " — primary, "+writing(r.Server)+", timeline "+fmt.Sprint(r.Server.Timeline)+", WAL ", rapbot.Mono(r.Server.Flush.String()))
	case rapbot.Replica:
		mark := rapbot.MarkDone
		if !r.Lag.Streaming {
			mark = rapbot.MarkFailed
		}
		return append(append(rapbot.Say(mark+" ", rapbot.B(r.Name), " — replica, "), lagText(r.Lag)...),
			rapbot.Say(", timeline "+fmt.Sprint(replicaTimeline(r.Server)))...)
	}
	text := rapbot.Say(rapbot.MarkFailed+" ", rapbot.B(r.Name), " — no answer")
	if r.LastAnswer.IsZero() {
		text = append(text, rapbot.Say(" yet")...)
	} else {
		text = append(text, rapbot.Say(" since ", rapbot.When(r.LastAnswer))...)
	}
	text = append(text, rapbot.Say(": "+r.Fault)...)
	if !r.LastAnswer.IsZero() {
		text = append(text, rapbot.Say("; it was "+lastRole(r)+" then")...)
	}
	return text
}

func lagText(l rapbot.Lag) rapbot.Text {
	if !l.Streaming {
		if l.Since.IsZero() {
			return rapbot.Say(rapbot.B("NOT STREAMING"))
		}
		return rapbot.Say(rapbot.B("NOT STREAMING"), " since ", rapbot.When(l.Since))
	}
	return rapbot.Say("streaming, " + l.String())
}

func writing(s rapbot.Server) string {
	if s.ReadOnly {
		return "refusing writes (read-only)"
	}
	return "accepting writes"
}

func replicaTimeline(s rapbot.Server) uint32 {
	if s.Receiver != nil && s.Receiver.Timeline != 0 {
		return s.Receiver.Timeline
	}
	return s.Timeline
}

func lastRole(r rapbot.Region) string {
	if r.Server.InRecovery {
		return "a replica"
	}
	return "the primary"
}

// Region is everything that is known of one region.
func Region(t rapbot.Topology, r rapbot.Region, site rapbot.Site, cluster *rapbot.Cluster) rapbot.Message {
	title := fmt.Sprintf("%s — %s", r.Name, r.Role)
	m := rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Heading{Text: title}, rapbot.Paragraph{Text: regionLine(r)}}}
	s := r.Server
	fields := rapbot.Fields{
		{Name: "PostgreSQL", Value: rapbot.Say(rapbot.VersionName(s.Version))},
		{Name: "System", Value: rapbot.Say(rapbot.Mono(s.SystemID))},
		{Name: "Started", Value: rapbot.Say(rapbot.When(s.StartedAt))},
		{Name: "Timeline", Value: rapbot.Say(fmt.Sprint(replicaTimeline(s)))},
	}
	if s.InRecovery {
		fields = append(fields, replicaFields(s)...)
	} else {
		fields = append(fields, primaryFields(s)...)
	}
	fields = append(fields, rapbot.Field{Name: "Can be stopped by rapbot", Value: rapbot.Say(yes(site.Instance))})
	if !r.LastAnswer.IsZero() {
		m.Blocks = append(m.Blocks, fields)
	}
	if cluster != nil {
		m.Blocks = append(m.Blocks, clusterBlocks(*cluster)...)
	}
	if len(s.Slots) > 0 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.B("Slots"), "\n"+slotLines(s))})
	}
	if len(s.MissingGrants) > 0 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.MarkWarning+" ", rapbot.B("Missing privileges"), ": "+strings.Join(s.MissingGrants, ", "))})
	}
	note := rapbot.Say("Observed at ", rapbot.When(r.At), ".")
	if !r.Answered && !r.LastAnswer.IsZero() {
		note = rapbot.Say("It gives no answer; the figures are those of ", rapbot.When(r.LastAnswer), ".")
	}
	m.Blocks = append(m.Blocks, rapbot.Note{Text: note})
	return m
}

func replicaFields(s rapbot.Server) rapbot.Fields {
	fields := rapbot.Fields{{Name: "Replayed", Value: rapbot.Say(rapbot.Mono(s.Replay.String()))}}
	if s.Receiver != nil {
		fields = append(fields,
			rapbot.Field{Name: "Receives from", Value: rapbot.Say(s.Receiver.Sender)},
			rapbot.Field{Name: "Last message", Value: rapbot.Say(rapbot.Duration(age(s.Clock, s.Receiver.LastMessage)) + " ago")})
	}
	if s.ReplayPaused {
		fields = append(fields, rapbot.Field{Name: "Replay", Value: rapbot.Say(rapbot.B("paused"))})
	}
	return fields
}

func primaryFields(s rapbot.Server) rapbot.Fields {
	fields := rapbot.Fields{{Name: "Oldest transaction", Value: rapbot.Say(rapbot.Duration(s.LongestTx))}}
	for _, sb := range s.Standbys {
		fields = append(fields, rapbot.Field{Name: "Feeds " + sb.Name, Value: rapbot.Say(fmt.Sprintf("%s, %s, %s to replay", sb.State, sb.Sync, rapbot.Bytes(s.Flush.BytesPast(sb.Replay))))})
	}
	return fields
}

func slotLines(server rapbot.Server) string {
	var lines []string
	for _, s := range server.Slots {
		state, status := "in use", s.Status
		switch {
		case s.Active:
		case s.InactiveSince.IsZero():
			state = "idle"
		default:
			state = "idle for " + rapbot.Duration(age(server.Clock, s.InactiveSince))
		}
		if s.Reason != "" {
			status += " (" + s.Reason + ")"
		}
		lines = append(lines, fmt.Sprintf("%s: %s, %s, holds back %s", s.Name, state, status, rapbot.Bytes(s.Retained)))
	}
	return strings.Join(lines, "\n")
}

func age(now, then time.Time) time.Duration {
	if then.IsZero() {
		return 0
	}
	return max(0, now.Sub(then))
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
