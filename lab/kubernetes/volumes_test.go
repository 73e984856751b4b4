package kubernetes

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Only what the lab has made is removed, whatever a volume says where it is.
func TestForeignFolderIsNotRemoved(t *testing.T) {
	room := processesForTest(t)
	region := room.Region("us-east-1")
	treasure := filepath.Join(t.TempDir(), "treasure")
	must(t, os.Mkdir(treasure, 0o755))
	for annotation, path := range map[string]string{provisioner: treasure, "somebody.else/disk": region.path("volumes", "theirs")} {
		must(t, os.MkdirAll(path, 0o755))
		volume := &core.PersistentVolume{
			ObjectMeta: meta.ObjectMeta{Annotations: map[string]string{provisionerOfVolume: annotation}},
			Spec:       core.PersistentVolumeSpec{PersistentVolumeSource: core.PersistentVolumeSource{HostPath: &core.HostPathVolumeSource{Path: path}}},
			Status:     core.PersistentVolumeStatus{Phase: core.VolumeReleased},
		}
		(&volumes{region: region, ctx: context.Background()}).reclaim(volume)
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
