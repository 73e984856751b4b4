package realnodes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
)

// needed are the hierarchies of control groups that the kubelet and runc use.
var needed = []string{"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "pids"}

// Lacks says why this machine cannot run the lab, one reason each; none means that it can.
func Lacks() []string {
	if runtime.GOOS != "linux" {
		return []string{"this is not Linux"}
	}
	var lacks []string
	if os.Geteuid() != 0 {
		lacks = append(lacks, "this is not root: namespaces, mounts and control groups cannot be made (run it with sudo)")
	}
	have := hierarchies()
	for _, h := range needed {
		if !slices.Contains(have, h) {
			lacks = append(lacks, fmt.Sprintf("there is no control group hierarchy (version 1) at %s", filepath.Join(cgroupRoot, h)))
		}
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		lacks = append(lacks, "there is no /dev/net/tun: the network between the regions needs it")
	}
	for _, program := range []string{"ip", "ldd", "apt-get", "dpkg", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			lacks = append(lacks, "there is no "+program+" in PATH")
		}
	}
	return lacks
}

// hierarchies are the control group hierarchies of version 1 that there are, by their folders. One that is only a link to another is left out.
func hierarchies() []string {
	groups, err := filepath.Glob(filepath.Join(cgroupRoot, "*", "cgroup.procs"))
	if err != nil {
		return nil
	}
	var names []string
	for _, group := range groups {
		dir := filepath.Dir(group)
		info, err := os.Lstat(dir)
		if name := filepath.Base(dir); err == nil && info.IsDir() && name != "unified" {
			names = append(names, name)
		}
	}
	return names
}
