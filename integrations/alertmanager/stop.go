package alertmanager

import (
	"fmt"
	texttemplate "text/template"
	"text/template/parse"
)

// stoppable makes a set of templates write nothing, an empty text, at the
// beginning of each and in each turn of a loop. What they write to can then
// end them, also those that would say nothing for ever. What is written twice
// in a loop does no harm.
func stoppable(set *texttemplate.Template) {
	for _, t := range set.Templates() {
		if t.Tree == nil || t.Root == nil || stopped(t.Root) {
			continue
		}
		walk(t.Root, func(n parse.Node) {
			if loop, is := n.(*parse.RangeNode); is {
				stopIn(loop.List)
			}
		})
		stopIn(t.Root)
	}
}

func stopIn(l *parse.ListNode) {
	l.Nodes = append([]parse.Node{&parse.TextNode{NodeType: parse.NodeText}}, l.Nodes...)
}

func stopped(l *parse.ListNode) bool {
	if len(l.Nodes) == 0 {
		return false
	}
	text, is := l.Nodes[0].(*parse.TextNode)
	return is && len(text.Text) == 0
}

// walk visits every node below a list.
func walk(l *parse.ListNode, visit func(parse.Node)) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		visit(n)
		switch n := n.(type) {
		case *parse.IfNode:
			walk(n.List, visit)
			walk(n.ElseList, visit)
		case *parse.WithNode:
			walk(n.List, visit)
			walk(n.ElseList, visit)
		case *parse.RangeNode:
			walk(n.List, visit)
			walk(n.ElseList, visit)
		}
	}
}

// defined looks for templates that are called and are not there, in all that
// set's own template reaches. Running it would find only those on its way.
func defined(set *texttemplate.Template) error {
	seen := map[string]bool{}
	var look func(*texttemplate.Template) error
	look = func(t *texttemplate.Template) (err error) {
		if seen[t.Name()] || t.Tree == nil {
			return nil
		}
		seen[t.Name()] = true
		walk(t.Root, func(n parse.Node) {
			call, is := n.(*parse.TemplateNode)
			if !is || err != nil {
				return
			}
			if called := set.Lookup(call.Name); called == nil || called.Tree == nil {
				location, _ := t.ErrorContext(call)
				err = fmt.Errorf("template: %s: template %q not defined", location, call.Name)
			} else {
				err = look(called)
			}
		})
		return err
	}
	return look(set)
}
