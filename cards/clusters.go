package cards

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// clusterText is what a region's Kubernetes says, on a line under what its
// database does.
func clusterText(c rapbot.Cluster) rapbot.Text {
	if !c.Answered {
		text := rapbot.Say("\n" + rapbot.MarkWarning + " its Kubernetes gives no answer")
		if !c.LastAnswer.IsZero() {
			text = append(text, rapbot.Say(" since ", rapbot.When(c.LastAnswer))...)
		}
		return append(text, rapbot.Say(": "+c.Fault)...)
	}
	text := rapbot.Say("\n" + workloadWords("application", c.App))
	switch b := c.Backup; {
	case !b.Found:
	case b.Suspended:
		text = append(text, rapbot.Say("; "+rapbot.MarkWarning+" backups are suspended")...)
	case b.LastSuccess.IsZero():
		text = append(text, rapbot.Say("; no backup has succeeded yet")...)
	default:
		words := "; backup " + rapbot.Duration(age(c.At, b.LastSuccess)) + " old"
		if age(c.At, b.LastSuccess) > lateBackup {
			words = "; " + rapbot.MarkWarning + words[1:]
		}
		text = append(text, rapbot.Say(words)...)
	}
	if g := c.GitOps; g.Application != "" {
		text = append(text, rapbot.Say(fmt.Sprintf("; Argo CD: %s, %s", g.Sync, g.Health))...)
	}
	return text
}

// lateBackup is the age of a daily backup that the rules alert on.
const lateBackup = 26 * time.Hour

func workloadWords(name string, w rapbot.Workload) string {
	switch {
	case !w.Found:
		return name + " not installed"
	case w.Trouble != "":
		return fmt.Sprintf("%s %s %s, %d of %d ready: %s", rapbot.MarkWarning, name, w.Version, w.Ready, w.Desired, w.Trouble)
	case !w.Settled:
		return fmt.Sprintf("%s %s, %d of %d ready, a rollout is under way", name, w.Version, w.Ready, w.Desired)
	}
	return fmt.Sprintf("%s %s, %d of %d ready", name, w.Version, w.Ready, w.Desired)
}

// skew says in a sentence that regions run different versions; empty when they
// do not, as far as they can be seen.
func skew(clusters []rapbot.Cluster) string {
	byVersion := map[string][]string{}
	var versions []string
	for _, c := range clusters {
		if !c.Answered || !c.App.Found {
			continue
		}
		if len(byVersion[c.App.Version]) == 0 {
			versions = append(versions, c.App.Version)
		}
		byVersion[c.App.Version] = append(byVersion[c.App.Version], c.Region)
	}
	if len(versions) < 2 {
		return ""
	}
	var parts []string
	for _, v := range versions {
		parts = append(parts, v+" in "+strings.Join(byVersion[v], ", "))
	}
	return "Versions differ: " + strings.Join(parts, "; ") + "."
}

// clusterOf is the cluster of a region among what is known of them.
func clusterOf(clusters []rapbot.Cluster, region string) (rapbot.Cluster, bool) {
	i := slices.IndexFunc(clusters, func(c rapbot.Cluster) bool { return c.Region == region })
	if i < 0 {
		return rapbot.Cluster{}, false
	}
	return clusters[i], true
}

// clusterBlocks are everything that a region's Kubernetes says of it.
func clusterBlocks(c rapbot.Cluster) []rapbot.Block {
	if c.LastAnswer.IsZero() {
		return []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(rapbot.MarkWarning + " Its Kubernetes has given no answer yet: " + c.Fault)}}
	}
	fields := rapbot.Fields{
		{Name: "Application", Value: rapbot.Say(workloadWords(c.App.Name, c.App))},
		{Name: "PostgreSQL's pod", Value: rapbot.Say(workloadWords(c.Database.Name, c.Database))},
		{Name: "The application's database", Value: rapbot.Say(rapbot.Mono(c.Host))},
	}
	switch {
	case !c.Backup.Found:
		fields = append(fields, rapbot.Field{Name: "Last backup", Value: rapbot.Say("there is no backup job")})
	case c.Backup.LastSuccess.IsZero():
		fields = append(fields, rapbot.Field{Name: "Last backup", Value: rapbot.Say("none has succeeded yet")})
	default:
		fields = append(fields, rapbot.Field{Name: "Last backup", Value: rapbot.Say(rapbot.When(c.Backup.LastSuccess))})
	}
	if g := c.GitOps; g.Application != "" {
		fields = append(fields, rapbot.Field{Name: "Argo CD", Value: rapbot.Say(fmt.Sprintf("%s: %s, %s", g.Application, g.Sync, g.Health))})
	}
	blocks := []rapbot.Block{fields}
	for _, l := range c.Lacks {
		blocks = append(blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.MarkWarning+" "+l.What+". Add it with ", rapbot.Mono(l.Fix))})
	}
	if !c.Answered {
		blocks = append(blocks, rapbot.Note{Text: rapbot.Say("Its Kubernetes gives no answer ("+c.Fault+"); this is what it said at ", rapbot.When(c.LastAnswer), ".")})
	}
	return blocks
}
