package realnodes

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// programs copies programs of this machine to the same places in an image, with the libraries that they load. Names without a slash are looked up in PATH.
func programs(names ...string) ([]File, error) {
	var files []File
	for _, name := range names {
		found, err := exec.LookPath(name)
		if err != nil {
			return nil, err
		}
		to := strings.TrimPrefix(found, "/")
		if !strings.Contains(name, "/") {
			to = "usr/bin/" + name
		}
		files = append(files, File{Path: to, From: found})
	}
	return withLibraries(files)
}

// withLibraries adds the libraries that the files load, and what those load in turn.
func withLibraries(files []File) ([]File, error) {
	var binaries []string
	for _, f := range files {
		if f.From != "" && isDynamic(f.From) {
			binaries = append(binaries, f.From)
		}
	}
	for some := range slices.Chunk(binaries, 50) {
		out, err := exec.Command("ldd", some...).Output()
		if err != nil {
			return nil, fmt.Errorf("ldd: %w", err)
		}
		for line := range strings.Lines(string(out)) {
			if library := libraryOf(line); library != "" {
				files = append(files, File{Path: strings.TrimPrefix(library, "/"), From: library})
			}
		}
	}
	return merged(files)
}

// libraryOf reads "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)" and "\t/lib64/ld-linux-x86-64.so.2 (0x…)".
func libraryOf(line string) string {
	if _, after, found := strings.Cut(line, " => "); found {
		line = after
	}
	fields := strings.Fields(line)
	if len(fields) == 2 && strings.HasPrefix(fields[0], "/") && strings.HasPrefix(fields[1], "(") {
		return fields[0]
	}
	return ""
}

// merged puts what Debian has under /usr there, as this machine does by links in its root, and follows the links of folders.
func merged(files []File) ([]File, error) {
	for n, f := range files {
		top, rest, found := strings.Cut(f.Path, "/")
		if found && slices.Contains([]string{"bin", "sbin", "lib", "lib64"}, top) {
			files[n].Path = "usr/" + top + "/" + rest
		}
	}
	return files, nil
}

// rootLinks are what an image has in its root where this machine has links to /usr.
func rootLinks() []File {
	var links []File
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		links = append(links, File{Path: name, Link: "usr/" + name}, File{Path: "usr/" + name, Dir: os.ModeDir | 0o755})
	}
	return links
}

func isDynamic(name string) bool {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 && filepath.Ext(name) != ".so" && !strings.Contains(name, ".so.") {
		return false
	}
	file, err := elf.Open(name)
	if err != nil {
		return false
	}
	defer file.Close()
	libraries, err := file.ImportedLibraries()
	return err == nil && len(libraries) > 0
}
