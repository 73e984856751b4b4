package node

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mountVolumes makes the pod's volumes ready, each a folder.
func (p *pod) mountVolumes(ctx context.Context) error {
	for _, volume := range p.object.Spec.Volumes {
		folder, err := p.mountVolume(ctx, volume)
		if err != nil {
			return fmt.Errorf("volume %q: %w", volume.Name, err)
		}
		p.mu.Lock()
		p.volumes[volume.Name] = folder
		p.mu.Unlock()
	}
	return nil
}

func (p *pod) mountVolume(ctx context.Context, volume core.Volume) (string, error) {
	own := p.path("v", volume.Name)
	switch from := volume.VolumeSource; {
	case from.EmptyDir != nil:
		return own, p.run.node.makeFolder(own)
	case from.PersistentVolumeClaim != nil:
		return p.claimed(ctx, from.PersistentVolumeClaim.ClaimName)
	case from.Ephemeral != nil:
		return p.claimed(ctx, p.object.Name+"-"+volume.Name)
	case from.HostPath != nil:
		return from.HostPath.Path, nil
	}
	files, err := p.filesOf(ctx, volume.VolumeSource)
	if err != nil {
		return "", err
	}
	return own, p.run.node.place(own, files)
}

// claimed gives the folder of a claim, which stays when the pod is gone.
func (p *pod) claimed(ctx context.Context, name string) (string, error) {
	claim, err := p.run.client.CoreV1().PersistentVolumeClaims(p.object.Namespace).Get(ctx, name, meta.GetOptions{})
	if err != nil {
		return "", err
	}
	if claim.Status.Phase != core.ClaimBound || claim.Spec.VolumeName == "" {
		return "", fmt.Errorf("claim %s is not bound", name)
	}
	volume, err := p.run.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, meta.GetOptions{})
	if err != nil {
		return "", err
	}
	if volume.Spec.HostPath == nil {
		return "", fmt.Errorf("persistent volume %s is no folder", volume.Name)
	}
	folder := volume.Spec.HostPath.Path
	return folder, p.run.node.makeFolder(folder)
}

// mounts tells where the container's mounted paths really are.
func (c *container) mounts() (mounts, error) {
	c.pod.mu.Lock()
	defer c.pod.mu.Unlock()
	var all []mount
	for _, m := range c.spec.VolumeMounts {
		folder, ok := c.pod.volumes[m.Name]
		if !ok {
			return nil, fmt.Errorf("volume %q is not there", m.Name)
		}
		if strings.Contains(m.SubPathExpr, "$(") {
			return nil, fmt.Errorf("volume %q: subPathExpr is not known to this node", m.Name)
		}
		if m.SubPath != "" {
			folder = filepath.Join(folder, filepath.FromSlash(path.Clean("/"+m.SubPath)))
			if _, err := os.Stat(folder); os.IsNotExist(err) {
				if err := c.pod.run.node.makeFolder(folder); err != nil {
					return nil, err
				}
			}
		}
		all = append(all, mount{path.Clean(m.MountPath), folder})
	}
	return newMounts(all...), nil
}

// makeFolder makes a folder that is the containers' own; one that is there is left as it is.
func (n *Node) makeFolder(folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		return err
	}
	return n.account.Give(folder)
}
