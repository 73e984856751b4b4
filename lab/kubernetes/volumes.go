package kubernetes

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// StorageClass is the one class of volumes that there is, and the default: folders, that
// go when their claim does.
const StorageClass = "standard"

const (
	provisioner         = "rapbot.lab/folder"
	provisionerOfClaim  = "volume.kubernetes.io/storage-provisioner"
	provisionerOfVolume = "pv.kubernetes.io/provisioned-by"
)

// volumes gives the region's claims their volumes. The controllers bind them.
type volumes struct {
	region *Region
	ctx    context.Context
	leave  context.CancelFunc
	shut   func()
}

// startVolumes makes the class of volumes and begins to give claims volumes.
func (r *Region) startVolumes(ctx context.Context) error {
	remove, immediate := core.PersistentVolumeReclaimDelete, storage.VolumeBindingImmediate
	class := &storage.StorageClass{
		ObjectMeta:  meta.ObjectMeta{Name: StorageClass, Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}},
		Provisioner: provisioner, ReclaimPolicy: &remove, VolumeBindingMode: &immediate,
	}
	if _, err := r.Client.StorageV1().StorageClasses().Create(ctx, class, meta.CreateOptions{}); err != nil && !errors.IsAlreadyExists(err) {
		return fmt.Errorf("make the class of volumes: %w", err)
	}
	v := &volumes{region: r}
	v.ctx, v.leave = context.WithCancel(context.Background())
	factory := informers.NewSharedInformerFactory(r.Client, 0)
	v.shut = factory.Shutdown
	_, errClaims := factory.Core().V1().PersistentVolumeClaims().Informer().AddEventHandler(each(v.provide))
	_, errVolumes := factory.Core().V1().PersistentVolumes().Informer().AddEventHandler(each(v.reclaim))
	if errClaims != nil || errVolumes != nil {
		return fmt.Errorf("watch claims and volumes: %w, %w", errClaims, errVolumes)
	}
	factory.Start(v.ctx.Done())
	r.volumes = v
	return nil
}

// each does something with every object, whenever it has changed.
func each[T any](do func(T)) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { do(object.(T)) },
		UpdateFunc: func(_, object any) { do(object.(T)) },
	}
}

func (v *volumes) end() {
	v.leave()
	v.shut()
}

// provide makes the volume of a claim that waits for one of ours.
func (v *volumes) provide(claim *core.PersistentVolumeClaim) {
	if claim.Annotations[provisionerOfClaim] != provisioner || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil {
		return
	}
	size := claim.Spec.Resources.Requests[core.ResourceStorage]
	if size.IsZero() {
		size = resource.MustParse("1Gi")
	}
	name := "pvc-" + string(claim.UID)
	// Whoever runs the pod writes here, whatever user that is: a kubelet changes nothing about folders of its machine.
	if err := makeOpen(v.folder(claim)); err != nil {
		v.region.lab.opt.Log("%s: make the folder of %s/%s: %v", v.region.Name, claim.Namespace, claim.Name, err)
		return
	}
	volume := &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: name, Annotations: map[string]string{provisionerOfVolume: provisioner}},
		Spec: core.PersistentVolumeSpec{
			Capacity: core.ResourceList{core.ResourceStorage: size}, AccessModes: claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: core.PersistentVolumeReclaimDelete, StorageClassName: StorageClass,
			PersistentVolumeSource: core.PersistentVolumeSource{HostPath: &core.HostPathVolumeSource{Path: v.folder(claim)}},
			ClaimRef: &core.ObjectReference{
				Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
		},
	}
	if _, err := v.region.Client.CoreV1().PersistentVolumes().Create(v.ctx, volume, meta.CreateOptions{}); err != nil && !errors.IsAlreadyExists(err) && v.ctx.Err() == nil {
		v.region.lab.opt.Log("%s: make the volume of %s/%s: %v", v.region.Name, claim.Namespace, claim.Name, err)
	}
}

// folder is short, since the names of sockets below it must be. It has the claim's name for who looks into it, and its number, since claims of one name come again.
func (v *volumes) folder(claim *core.PersistentVolumeClaim) string {
	return v.region.path("volumes", fmt.Sprintf("%s-%.5s", claim.Name, claim.UID))
}

func makeOpen(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	return os.Chmod(folder, 0o777) // whatever the umask
}

// reclaim removes a volume whose claim is gone, and what it holds.
func (v *volumes) reclaim(volume *core.PersistentVolume) {
	if volume.Status.Phase != core.VolumeReleased || volume.Annotations[provisionerOfVolume] != provisioner || volume.DeletionTimestamp != nil {
		return
	}
	folder := volume.Spec.HostPath.Path
	if filepath.Dir(folder) != v.region.path("volumes") {
		return
	}
	err := os.RemoveAll(folder)
	if err == nil {
		err = v.region.Client.CoreV1().PersistentVolumes().Delete(v.ctx, volume.Name, meta.DeleteOptions{})
	}
	if err != nil && !errors.IsNotFound(err) && v.ctx.Err() == nil {
		v.region.lab.opt.Log("%s: remove volume %s: %v", v.region.Name, volume.Name, err)
	}
}
