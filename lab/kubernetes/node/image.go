package node

import (
	"strings"
	"time"
)

// Image is what the name of an image stands for on this machine.
type Image struct {
	Entrypoint []string // what a container runs that names no command
	Args       []string // its arguments, when the container names neither
	Env        []string // KEY=value
	Path       []string // folders that go before PATH
}

// Images are the images by the last part of their names, without registry, tag
// and digest. What is not among them cannot be pulled.
type Images map[string]Image

// pulled is an image with the tag that it was asked for by.
type pulled struct {
	Image
	tag string
}

// Tags that say how a container fares.
const (
	tagUnpullable = "imagepull"
	tagCrashes    = "crash"
	tagSlow       = "slow"
)

// settling is how long a container runs before it is said to be ready that has no probe.
const settling = 300 * time.Millisecond

// slowness is how long a container of a slow image takes to be ready.
const slowness = 15 * time.Second

// pull finds an image. When there is none the second result is false.
func (images Images) pull(reference string) (pulled, bool) {
	name, tag := splitReference(reference)
	image, ok := images[name]
	return pulled{image, tag}, ok && !strings.Contains(tag, tagUnpullable)
}

func splitReference(reference string) (name, tag string) {
	reference, _, _ = strings.Cut(reference, "@")
	name, tag, _ = strings.Cut(reference[strings.LastIndexByte(reference, '/')+1:], ":")
	if tag == "" {
		tag = "latest"
	}
	return name, tag
}

// command is what runs, before anything is replaced in it.
func (p pulled) command(command, args []string) []string {
	switch {
	case strings.Contains(p.tag, tagCrashes):
		return []string{"/bin/sh", "-c", "echo 'this version crashes' >&2; exit 1"}
	case len(command) > 0:
		return append(append([]string{}, command...), args...)
	case len(args) > 0:
		return append(append([]string{}, p.Entrypoint...), args...)
	}
	return append(append([]string{}, p.Entrypoint...), p.Args...)
}

// readyAfter is how long a container is kept from being ready, whatever its probes say. One that ends at once is not to be seen ready before: a
// kubelet looks once a second.
func (p pulled) readyAfter() time.Duration {
	switch {
	case strings.Contains(p.tag, tagSlow):
		return slowness
	case strings.Contains(p.tag, tagCrashes):
		return time.Hour
	}
	return settling
}
