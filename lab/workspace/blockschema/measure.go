package blockschema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Lengths says which texts and lists of a message's blocks are longer or shorter than Slack allows, and which ids appear twice.
// What is no list of blocks has no lengths; Message says what is wrong with it.
func Lengths(blocks json.RawMessage) []Problem {
	var list []any
	if json.Unmarshal(blocks, &list) != nil {
		return nil
	}
	m := &measure{}
	if len(list) > messageBlocks {
		m.add("/blocks", "no more than %d items allowed", messageBlocks)
	}
	m.blocks(list, "/blocks")
	m.message(list)
	return m.found
}

// ViewLengths is Lengths for a modal or Home tab.
func ViewLengths(v json.RawMessage) []Problem {
	var body map[string]any
	if json.Unmarshal(v, &body) != nil {
		return nil
	}
	m := &measure{}
	m.limits(body, viewLimits, "/view")
	list, _ := body["blocks"].([]any)
	m.blocks(list, "/view/blocks")
	for i, each := range list {
		if kind := kindOf(each); kind == "plan" || kind == "task_card" {
			m.add(fmt.Sprintf("/view/blocks/%d/type", i), "unsupported type: %s", kind)
		}
	}
	return m.found
}

// measure collects problems while it walks a payload.
type measure struct {
	found    []Problem
	markdown int
}

func (m *measure) add(at, words string, args ...any) {
	m.found = append(m.found, Problem{at, fmt.Sprintf(words, args...)})
}

// blocks measures a payload's blocks: each by its own limits, all for ids that must differ.
func (m *measure) blocks(list []any, root string) {
	seen := map[string]bool{}
	for i, each := range list {
		at := root + "/" + strconv.Itoa(i)
		block, _ := each.(map[string]any)
		if id, _ := block["block_id"].(string); id != "" {
			if seen[id] {
				m.add(at+"/block_id", "block_id %q already exists", id)
			}
			seen[id] = true
		}
		if block["type"] == "section" && block["text"] == nil && block["fields"] == nil {
			m.add(at, "must define either `text` or `fields`")
		}
		m.actionIDs(block, at)
		m.walk(each, at)
	}
	if m.markdown > markdownChars {
		m.add(root, "markdown text must be less than %d characters altogether", markdownChars+1)
	}
}

// message measures what is bounded in a message as a whole, and refuses what only views show.
func (m *measure) message(list []any) {
	count := map[string]int{}
	for i, each := range list {
		kind, at := kindOf(each), fmt.Sprintf("/blocks/%d", i)
		count[kind]++
		switch {
		case kind == "alert":
			m.add(at+"/type", "unsupported type: alert")
		case kind == "table" && count[kind] > tablesAMessage:
			m.add(at, "no more than %d table allowed", tablesAMessage)
		case kind == "data_visualization" && count[kind] > visualsAMessage:
			m.add(at, "no more than %d data_visualization blocks allowed", visualsAMessage)
		case kind == "table" && cellText(each) > tableChars:
			m.add(at+"/rows", "must be less than %d characters", tableChars+1)
		case kind == "data_table" && cellText(each) > dataTableChars:
			m.add(at+"/rows", "must be less than %d characters", dataTableChars+1)
		}
	}
}

// actionIDs wants the action_ids of one block to differ.
func (m *measure) actionIDs(block map[string]any, at string) {
	elements, _ := block["elements"].([]any)
	seen := map[string]bool{}
	for i, each := range elements {
		element, _ := each.(map[string]any)
		id, _ := element["action_id"].(string)
		if id != "" && seen[id] {
			m.add(fmt.Sprintf("%s/elements/%d/action_id", at, i), "action_id %q already exists", id)
		}
		seen[id] = true
	}
}

// walk measures an object by its type and everything below it.
func (m *measure) walk(value any, at string) {
	switch value := value.(type) {
	case []any:
		for i, each := range value {
			m.walk(each, at+"/"+strconv.Itoa(i))
		}
	case map[string]any:
		kind := kindOf(value)
		text, isText := value["text"].(string)
		if isText && text == "" && (kind == "plain_text" || kind == "mrkdwn") {
			m.add(at+"/text", "must be more than 0 characters")
		}
		if kind == "markdown" {
			m.markdown += utf8.RuneCountInString(text)
		}
		m.limits(value, limits[kind], at)
		m.limits(value, everywhere, at)
		for _, key := range slices.Sorted(maps.Keys(value)) {
			m.walk(value[key], at+"/"+key)
		}
	}
}

func (m *measure) limits(value map[string]any, table []limit, at string) {
	for _, l := range table {
		m.limit(value, strings.Split(l.path, "."), l, at)
	}
}

// limit follows a path and measures what it leads to; a path that leads nowhere is fine.
func (m *measure) limit(value any, path []string, l limit, at string) {
	if len(path) == 0 {
		m.size(value, l, at)
		return
	}
	object, _ := value.(map[string]any)
	key, every := strings.CutSuffix(path[0], "[]")
	below, found := object[key]
	if !found {
		return
	}
	if !every {
		m.limit(below, path[1:], l, at+"/"+key)
		return
	}
	list, _ := below.([]any)
	for i, each := range list {
		m.limit(each, path[1:], l, at+"/"+key+"/"+strconv.Itoa(i))
	}
}

func (m *measure) size(value any, l limit, at string) {
	switch value := value.(type) {
	case string:
		if !l.items && utf8.RuneCountInString(value) > l.max {
			m.add(at, "must be less than %d characters", l.max+1)
		}
	case []any:
		switch {
		case l.items && len(value) > l.max:
			m.add(at, "no more than %d items allowed", l.max)
		case l.items && len(value) < l.min:
			m.add(at, "must provide at least %d items", l.min)
		}
	}
}

func kindOf(value any) string {
	object, _ := value.(map[string]any)
	kind, _ := object["type"].(string)
	return kind
}

// cellText counts the characters of every text below a table.
func cellText(value any) int {
	n := 0
	switch value := value.(type) {
	case []any:
		for _, each := range value {
			n += cellText(each)
		}
	case map[string]any:
		for key, each := range value {
			if s, isText := each.(string); isText && key == "text" {
				n += utf8.RuneCountInString(s)
			} else {
				n += cellText(each)
			}
		}
	}
	return n
}
