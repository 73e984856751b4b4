package blockschema

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed message.schema.json
var messageJSON []byte

//go:embed view.schema.json
var viewJSON []byte

var (
	messageSchema = sync.OnceValue(func() *jsonschema.Schema { return compile("message.schema.json", messageJSON) })
	viewSchema    = sync.OnceValue(func() *jsonschema.Schema { return compile("view.schema.json", viewJSON) })
)

// compile panics on a schema that does not compile: it is part of the program.
func compile(name string, raw []byte) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, doc); err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
	return compiler.MustCompile(name)
}

// Message checks the structure of a message's blocks. Its error is a Problems, or says that the blocks are not JSON.
func Message(blocks json.RawMessage) error { return check(messageSchema(), blocks, "/blocks") }

// View checks the structure of a modal or Home tab. Its error is a Problems, or says that the view is not JSON.
func View(v json.RawMessage) error { return check(viewSchema(), v, "/view") }

func check(schema *jsonschema.Schema, raw json.RawMessage, root string) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("read %s: %w", root[1:], err)
	}
	err = schema.Validate(value)
	if err == nil {
		return nil
	}
	invalid, is := err.(*jsonschema.ValidationError) //nolint:errorlint // Validate wraps nothing
	if !is {
		return fmt.Errorf("validate %s: %w", root[1:], err)
	}
	return Problems(reasons(invalid, root)).orNil()
}
