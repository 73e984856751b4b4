package config

import (
	_ "embed"
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
)

// Sample is the commented sample file, which explains every key.
//
//go:embed sample.yaml
var Sample string

// Load reads the file at path. Secrets come from env, which is os.LookupEnv
// outside tests, and from files; a relative path in the file means relative to
// the folder of the file itself. The error is [Problems].
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	data, err := readBounded(path, maxFile)
	if err != nil {
		return nil, Problems{unreadable(path, err)}
	}
	folder := filepath.Dir(path)
	c, err := Parse(data, env, secretFiles(folder))
	if err != nil {
		return nil, err
	}
	c.Journal.Path = within(folder, c.Journal.Path)
	for _, file := range []*string{&c.Alertmanager.TLS.CertFile, &c.Alertmanager.TLS.KeyFile, &c.Alertmanager.TLS.ClientCAFile} {
		if *file != "" {
			*file = within(folder, *file)
		}
	}
	for i := range c.Regions {
		c.Regions[i].Kubernetes.within(folder)
	}
	c.Deploy.ArgoCD.within(folder)
	for i, glob := range c.Alertmanager.Templates {
		c.Alertmanager.Templates[i] = within(folder, glob)
	}
	return c, nil
}

// Parse reads a file's content. readFile reads the file of a secret and gives
// [ErrExposed] for one that everybody can read. The error is [Problems].
// Relative paths are left as they stand.
func Parse(data []byte, env func(string) (string, bool), readFile func(string) ([]byte, error)) (*Config, error) {
	d := &decoder{env: env, readFile: readFile, lines: map[string]int{}}
	c := &Config{}
	if root, ok := d.document(data); ok {
		d.value("", root, reflect.ValueOf(c).Elem(), "")
		d.check(c)
	}
	if len(d.problems) > 0 {
		return nil, d.sorted()
	}
	return c, nil
}

func unreadable(path string, err error) Problem {
	p := Problem{Path: filepath.Base(path), Problem: "cannot be read", Fix: "name a YAML file of at most 1 MiB"}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Problem, p.Fix = "no such file", "name the configuration file, or start one from the sample"
	case errors.Is(err, fs.ErrPermission):
		p.Problem, p.Fix = "not readable for the user that runs rapbot", "change its owner or its mode"
	}
	return p
}
