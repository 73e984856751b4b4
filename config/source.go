package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// ErrExposed is what a reader of secret files gives for a file that everybody
// on the machine can read.
var ErrExposed = errors.New("readable by everybody")

var errIrregular = errors.New("not a regular file of a reasonable size")

const (
	maxFile   = 1 << 20  // Bytes of a configuration file.
	maxSecret = 64 << 10 // Bytes of a secret's file.
)

const (
	secretFix  = "write {env: NAME} or {file: path}"
	modeFix    = "chmod 600 it, or in Kubernetes mount it with defaultMode: 0440"
	relativeTo = "a relative path starts at the folder of the configuration file"
)

var isEnvName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)

// secret reads a value from where the file says it is. None of its problems
// repeats anything from the file but the name of a variable with an underscore
// in it: people put the secret itself in every place there is.
func (d *decoder) secret(path string, node *yaml.Node) Secret {
	if node.Kind == yaml.ScalarNode {
		d.add(path, "a secret must not stand in this file", secretFix+", and replace the secret if the file was ever shared")
		return Secret{}
	}
	if node.Kind != yaml.MappingNode || len(node.Content) != 2 {
		d.add(path, "not exactly one place for the secret", secretFix)
		return Secret{}
	}
	key, place := node.Content[0], node.Content[1]
	at := path + "." + key.Value
	if key.Value != "env" && key.Value != "file" {
		d.add(path, "neither env nor file", secretFix)
		return Secret{}
	}
	d.lines[at] = key.Line
	if !d.plain(at, place) {
		return Secret{}
	}
	if place.Kind != yaml.ScalarNode || isEmpty(place) {
		d.add(at, "names nothing", secretFix)
		return Secret{}
	}
	if key.Value == "env" {
		return d.fromEnv(at, place.Value)
	}
	return d.fromFile(at, place.Value)
}

func (d *decoder) fromEnv(at, name string) Secret {
	if !isEnvName.MatchString(name) {
		d.add(at, "not the name of an environment variable", "write a name of capitals, digits and underscores, never the secret itself")
		return Secret{}
	}
	value, ok := d.env(name)
	if !strings.Contains(name, "_") {
		name = "this variable"
	}
	if !ok {
		d.add(at, name+" is not set in the environment", "set it before rapbot starts, or use {file: path}")
		return Secret{}
	}
	return d.reveal(at, value)
}

func (d *decoder) fromFile(at, name string) Secret {
	data, err := d.readFile(name)
	switch {
	case err == nil:
		return d.reveal(at, string(data))
	case errors.Is(err, ErrExposed):
		d.add(at, "everybody on this machine can read this file", modeFix)
	case errors.Is(err, fs.ErrNotExist):
		d.add(at, "no such file", "create it with mode 600; "+relativeTo)
	case errors.Is(err, fs.ErrPermission):
		d.add(at, "not readable for the user that runs rapbot", "change the owner of the file")
	default:
		d.add(at, "cannot be read", "name a regular file with only the secret in it")
	}
	return Secret{}
}

// reveal takes the value as it was found, less the line break that editors and
// echo leave at its end.
func (d *decoder) reveal(at, value string) Secret {
	value = strings.TrimRight(value, "\r\n")
	d.revealed = append(d.revealed, value)
	switch {
	case strings.TrimSpace(value) == "":
		d.add(at, "the secret is empty", "put the value where this points, or point elsewhere")
		return Secret{}
	case strings.ContainsFunc(value, unicode.IsControl):
		d.add(at, "the secret has a line break or control character in it", "keep nothing but the secret there")
		return Secret{}
	}
	return Secret{&value}
}

// secretFiles reads files from folder, and refuses those that everybody can read.
func secretFiles(folder string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		name = within(folder, name)
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if info.Mode().Perm()&0o004 != 0 {
			return nil, fmt.Errorf("%s: %w", name, ErrExposed)
		}
		return readBounded(name, maxSecret)
	}
}

// readBounded reads a regular file of at most limit bytes. A pipe is refused
// before it is opened, because opening one can wait for ever.
func readBounded(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errIrregular
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, errIrregular
	}
	return data, err
}

func within(folder, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(folder, name)
}
