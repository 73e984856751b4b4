package realnodes

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Image is a container image made of this machine's files, without a registry and without an engine.
type Image struct {
	Name       string // with its registry and tag, such as docker.io/library/postgres:17
	Entrypoint []string
	Env        []string
	User       string // uid:gid
	Files      []File
}

// File is a file of an image: a copy of this machine's, or one with a text, or a link, or a folder.
type File struct {
	Path string // in the image, without a leading slash
	From string // on this machine; links are followed
	Text string
	Link string // the target of a symbolic link
	Dir  fs.FileMode
	Mode fs.FileMode // of a text; a copy keeps its own
}

// tree copies a folder of this machine, without what skip says.
func tree(from, to string, skip func(name string) bool) ([]File, error) {
	var files []File
	err := filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inner, err := filepath.Rel(from, name)
		if err != nil || skip(inner) {
			return err
		}
		if target, err := os.Stat(name); err == nil && !target.IsDir() { // a dangling link is left out
			files = append(files, File{Path: path.Join(to, inner), From: name})
		}
		return nil
	})
	return files, err
}

// write writes the image as the archive that `ctr images import` and `docker load` take. The same files make the same archive.
func (i Image) write(out string) (err error) {
	layer, err := os.CreateTemp(filepath.Dir(out), "layer-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, layer.Close(), os.Remove(layer.Name())) }()
	sum := sha256.New()
	if err := i.writeLayer(io.MultiWriter(layer, sum)); err != nil {
		return fmt.Errorf("make image %s: %w", i.Name, err)
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "created": time.Unix(0, 0).UTC(),
		"config":  map[string]any{"Env": i.Env, "User": i.User, "Entrypoint": i.Entrypoint},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sum.Sum(nil))}},
		"history": []any{map[string]any{"created": time.Unix(0, 0).UTC(), "created_by": "lab/realnodes"}},
	})
	if err != nil {
		return err
	}
	configName := fmt.Sprintf("%x.json", sha256.Sum256(config))
	manifest, err := json.Marshal([]any{map[string]any{"Config": configName, "RepoTags": []string{i.Name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	size, err := layer.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := layer.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return writeWhole(out, func(w io.Writer) error {
		t := tar.NewWriter(w)
		return errors.Join(
			entry(t, tar.Header{Name: configName, Size: int64(len(config)), Mode: 0o644}, bytes.NewReader(config)),
			entry(t, tar.Header{Name: "manifest.json", Size: int64(len(manifest)), Mode: 0o644}, bytes.NewReader(manifest)),
			entry(t, tar.Header{Name: "layer.tar", Size: size, Mode: 0o644}, layer),
			t.Close())
	})
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(name string, write func(io.Writer) error) error {
	fresh, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(write(fresh), fresh.Close())
	if err == nil {
		err = os.Rename(fresh.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh.Name()))
	}
	return nil
}

func entry(t *tar.Writer, header tar.Header, content io.Reader) error {
	header.Format = tar.FormatPAX
	if err := t.WriteHeader(&header); err != nil {
		return err
	}
	if content == nil {
		return nil
	}
	_, err := io.Copy(t, content)
	return err
}

// writeLayer writes the files in order of their paths, each after the folders that it lies in.
func (i Image) writeLayer(w io.Writer) error {
	t := tar.NewWriter(w)
	files := slices.Clone(i.Files)
	slices.SortStableFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	files = slices.CompactFunc(files, func(a, b File) bool { return a.Path == b.Path })
	made := map[string]bool{".": true}
	for _, f := range files {
		if f.Dir != 0 {
			made[f.Path] = true
		}
	}
	for _, f := range files {
		if err := folders(t, path.Dir(f.Path), made); err != nil {
			return err
		}
		if err := f.write(t); err != nil {
			return err
		}
	}
	return t.Close()
}

func folders(t *tar.Writer, dir string, made map[string]bool) error {
	if made[dir] {
		return nil
	}
	made[dir] = true
	if err := folders(t, path.Dir(dir), made); err != nil {
		return err
	}
	return entry(t, tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755}, nil)
}

func (f File) write(t *tar.Writer) error {
	switch {
	case f.Dir != 0:
		mode := int64(f.Dir.Perm())
		if f.Dir&fs.ModeSticky != 0 {
			mode |= 0o1000
		}
		return entry(t, tar.Header{Typeflag: tar.TypeDir, Name: f.Path + "/", Mode: mode}, nil)
	case f.Link != "":
		return entry(t, tar.Header{Typeflag: tar.TypeSymlink, Name: f.Path, Linkname: f.Link, Mode: 0o777}, nil)
	case f.From == "":
		return entry(t, tar.Header{Typeflag: tar.TypeReg, Name: f.Path, Mode: int64(f.Mode), Size: int64(len(f.Text))}, strings.NewReader(f.Text))
	}
	file, err := os.Open(f.From)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return entry(t, tar.Header{Typeflag: tar.TypeReg, Name: f.Path, Mode: int64(info.Mode().Perm()), Size: info.Size()}, file)
}
