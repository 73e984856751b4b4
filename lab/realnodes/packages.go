package realnodes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rap-analyzer/rapbot/lab/child"
)

// nodePackages are Debian's, with the libraries that they load and that are not everywhere.
var nodePackages = strings.Fields("runc containerd containernetworking-plugins nftables libnftables1 libnftnl11 libmnl0 libjansson4 libseccomp2 libedit2 libbsd0 libmd0 libxtables12")

// unpack downloads Debian packages and unpacks them into a folder of the cache, which it gives. Nothing is installed.
func unpack(ctx context.Context, name string, packages []string) (_ string, err error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	out := filepath.Join(cache, name)
	if _, err := os.Stat(out); err == nil {
		return out, nil
	}
	fresh, err := os.MkdirTemp(cache, name+".*")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(fresh)) }()
	download := exec.CommandContext(ctx, "apt-get", append([]string{"-o", "APT::Sandbox::User=root", "-qq", "download"}, packages...)...)
	download.Dir = fresh
	if out, err := download.CombinedOutput(); err != nil {
		return "", fmt.Errorf("no package server gives %s (try apt-get update): %w: %s", strings.Join(packages, ", "), err, child.LastLines(string(out), 3))
	}
	archives, err := filepath.Glob(filepath.Join(fresh, "*.deb"))
	if err != nil {
		return "", err
	}
	for _, archive := range archives {
		if said, err := exec.CommandContext(ctx, "dpkg", "-x", archive, filepath.Join(fresh, "root")).CombinedOutput(); err != nil {
			return "", fmt.Errorf("unpack %s: %w: %s", filepath.Base(archive), err, said)
		}
	}
	if err := os.Rename(filepath.Join(fresh, "root"), out); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return out, nil
}

// toolPath are the folders of unpacked programs, as in PATH.
func toolPath(root string) string {
	return filepath.Join(root, "usr/sbin") + ":" + filepath.Join(root, "usr/bin")
}

// libraryPath has unpacked libraries found, as a setting of the environment.
func libraryPath(roots ...string) string {
	var dirs []string
	for _, root := range roots {
		found, err := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-gnu"))
		if err == nil { // the pattern is constant
			dirs = append(dirs, found...)
		}
		found, err = filepath.Glob(filepath.Join(root, "lib/*-linux-gnu"))
		if err == nil {
			dirs = append(dirs, found...)
		}
	}
	return "LD_LIBRARY_PATH=" + strings.Join(dirs, ":")
}

// cacheDir is where the lab keeps what it makes once per machine.
func cacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "rapbot-lab")
	return dir, os.MkdirAll(dir, 0o755)
}
