package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

var help = Command{
	Name:     "help",
	Summary:  "Show what can be typed",
	Args:     []Arg{{Name: "command", Help: "show one command's page", Optional: true}},
	Examples: []string{"help", "help failover"},
}

// Run is set here because help lists all commands, itself among them.
func init() { help.Run = runHelp }

func runHelp(_ context.Context, _ Desk, call Call) (rapbot.Message, error) {
	name, one := call.Args["command"]
	if !one {
		return overview(), nil
	}
	cmd, ok := find(strings.ToLower(name))
	if !ok {
		return rapbot.Message{}, unknownCommand([]word{{text: name}}, nil)
	}
	return page(cmd), nil
}

func overview() rapbot.Message {
	m := rapbot.Message{Summary: "What you can type", Blocks: []rapbot.Block{rapbot.Heading{Text: "What you can type"}}}
	lines := rapbot.Text{}
	for i, c := range All() {
		if i > 0 {
			lines = append(lines, rapbot.Say("\n")...)
		}
		lines = append(lines, rapbot.Say(rapbot.Mono("/rap "+c.Usage()), " — "+c.Summary)...)
	}
	m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: lines},
		rapbot.Note{Text: rapbot.Say("Reads are answered to you alone. Whatever changes the fleet is posted for everybody and needs a second person. More about one: ", rapbot.Mono("/rap help failover"))})
	return m
}

func page(c Command) rapbot.Message {
	m := rapbot.Message{Summary: "/rap " + c.Name, Blocks: []rapbot.Block{
		rapbot.Heading{Text: "/rap " + c.Name},
		rapbot.Paragraph{Text: rapbot.Say(c.Summary + ".")},
		rapbot.Paragraph{Text: rapbot.Say(rapbot.Mono("/rap " + c.Usage()))},
	}}
	for _, p := range c.Detail {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(p)})
	}
	if options := c.options(); len(options) > 0 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(strings.Join(options, "\n"))})
	}
	examples := rapbot.Text{}
	for i, e := range c.Examples {
		if i > 0 {
			examples = append(examples, rapbot.Say("\n")...)
		}
		examples = append(examples, rapbot.Mono("/rap "+e))
	}
	m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: append(rapbot.Say(rapbot.B("For example"), "\n"), examples...)})
	return m
}

func (c Command) options() []string {
	var out []string
	for _, a := range c.Args {
		out = append(out, fmt.Sprintf("%s: %s", a.Name, a.Help))
	}
	for _, f := range c.Flags {
		out = append(out, fmt.Sprintf("--%s: %s", f.Name, f.Help))
	}
	return out
}

// Manual is docs/commands.md.
func Manual() string {
	var b strings.Builder
	b.WriteString("# What you can type\n\nMade from the commands themselves by `go test ./commands -update`; do not edit.\n")
	for _, c := range All() {
		fmt.Fprintf(&b, "\n## /rap %s\n\n%s.\n\n    /rap %s\n", c.Name, c.Summary, c.Usage())
		for _, p := range c.Detail {
			fmt.Fprintf(&b, "\n%s\n", p)
		}
		if options := c.options(); len(options) > 0 {
			b.WriteString("\n")
			for _, o := range options {
				name, text, _ := strings.Cut(o, ": ")
				fmt.Fprintf(&b, "- `%s`: %s\n", name, text)
			}
		}
		b.WriteString("\nFor example:\n\n")
		for _, e := range c.Examples {
			fmt.Fprintf(&b, "    /rap %s\n", e)
		}
	}
	return b.String()
}
