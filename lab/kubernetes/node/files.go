package node

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// file is one that a volume shows.
type file struct {
	text []byte
	mode os.FileMode
}

// defaultMode is what the API server fills in, too.
const defaultMode = 0o644

// filesOf gives the files of a volume that is made of objects, by their paths.
func (p *pod) filesOf(ctx context.Context, from core.VolumeSource) (map[string]file, error) {
	switch {
	case from.ConfigMap != nil:
		data, err := p.configMap(ctx, from.ConfigMap.Name, from.ConfigMap.Optional)
		if err != nil {
			return nil, err
		}
		return choose(data, from.ConfigMap.Items, from.ConfigMap.DefaultMode, from.ConfigMap.Optional)
	case from.Secret != nil:
		data, err := p.secret(ctx, from.Secret.SecretName, from.Secret.Optional)
		if err != nil {
			return nil, err
		}
		return choose(data, from.Secret.Items, from.Secret.DefaultMode, from.Secret.Optional)
	case from.DownwardAPI != nil:
		return p.downward(from.DownwardAPI.Items, from.DownwardAPI.DefaultMode)
	case from.Projected != nil:
		return p.projected(ctx, from.Projected)
	}
	return nil, fmt.Errorf("it is of a kind that this node does not know")
}

func (p *pod) projected(ctx context.Context, from *core.ProjectedVolumeSource) (map[string]file, error) {
	all := map[string]file{}
	for _, source := range from.Sources {
		var files map[string]file
		var err error
		switch {
		case source.ConfigMap != nil:
			var data map[string][]byte
			if data, err = p.configMap(ctx, source.ConfigMap.Name, source.ConfigMap.Optional); err == nil {
				files, err = choose(data, source.ConfigMap.Items, from.DefaultMode, source.ConfigMap.Optional)
			}
		case source.Secret != nil:
			var data map[string][]byte
			if data, err = p.secret(ctx, source.Secret.Name, source.Secret.Optional); err == nil {
				files, err = choose(data, source.Secret.Items, from.DefaultMode, source.Secret.Optional)
			}
		case source.DownwardAPI != nil:
			files, err = p.downward(source.DownwardAPI.Items, from.DefaultMode)
		case source.ServiceAccountToken != nil:
			var token []byte
			token, err = p.token(ctx, source.ServiceAccountToken)
			files = map[string]file{source.ServiceAccountToken.Path: {token, 0o600}}
		default:
			err = fmt.Errorf("a source of it is of a kind that this node does not know")
		}
		if err != nil {
			return nil, err
		}
		maps.Copy(all, files)
	}
	return all, nil
}

// choose gives all of data as files, or the items with their paths and modes.
func choose(data map[string][]byte, items []core.KeyToPath, mode *int32, optional *bool) (map[string]file, error) {
	files := map[string]file{}
	if len(items) == 0 {
		for key, text := range data {
			files[key] = file{text, modeOf(mode, nil)}
		}
		return files, nil
	}
	for _, item := range items {
		text, ok := data[item.Key]
		if !ok {
			if optional != nil && *optional {
				continue
			}
			return nil, fmt.Errorf("references non-existent key: %s", item.Key)
		}
		files[item.Path] = file{text, modeOf(item.Mode, mode)}
	}
	return files, nil
}

func modeOf(modes ...*int32) os.FileMode {
	for _, mode := range modes {
		if mode != nil {
			return os.FileMode(*mode) & os.ModePerm
		}
	}
	return defaultMode
}

func (p *pod) downward(items []core.DownwardAPIVolumeFile, mode *int32) (map[string]file, error) {
	files := map[string]file{}
	for _, item := range items {
		if item.FieldRef == nil {
			return nil, fmt.Errorf("%s: only fields can be shown", item.Path)
		}
		text, err := p.field(item.FieldRef.FieldPath)
		if err != nil {
			return nil, err
		}
		files[item.Path] = file{[]byte(text), modeOf(item.Mode, mode)}
	}
	return files, nil
}

// token asks for a token of the pod's service account. One that is still good for a while is given again: the file would change at every look otherwise.
func (p *pod) token(ctx context.Context, from *core.ServiceAccountTokenProjection) ([]byte, error) {
	p.tokens.Lock()
	defer p.tokens.Unlock()
	key := from.Audience + " " + strconv.FormatInt(value(from.ExpirationSeconds, 3600), 10)
	if held, ok := p.tokens.held[key]; ok && time.Until(held.Status.ExpirationTimestamp.Time) > 5*time.Minute {
		return []byte(held.Status.Token), nil
	}
	request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{
		ExpirationSeconds: from.ExpirationSeconds,
		BoundObjectRef:    &authentication.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: p.object.Name, UID: p.object.UID},
	}}
	if from.Audience != "" {
		request.Spec.Audiences = []string{from.Audience}
	}
	got, err := p.run.client.CoreV1().ServiceAccounts(p.object.Namespace).CreateToken(ctx, p.object.Spec.ServiceAccountName, request, meta.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("token of service account %s: %w", p.object.Spec.ServiceAccountName, err)
	}
	p.tokens.held[key] = got
	return []byte(got.Status.Token), nil
}

// place makes a folder show files. They change all at once, as in a kubelet's: each is a link through ..data, which is switched.
func (n *Node) place(folder string, files map[string]file) error {
	if same(folder, files) {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(folder, "..")
	if err != nil {
		return err
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	for name, f := range files {
		at := filepath.Join(fresh, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, f.text, f.mode); err != nil {
			return err
		}
		if err := os.Chmod(at, f.mode); err != nil { // whatever the umask
			return err
		}
		if err := n.account.Give(at); err != nil {
			return err
		}
	}
	before, _ := os.Readlink(filepath.Join(folder, dataLink)) // an error says that there is none yet
	next := filepath.Join(folder, dataLink+"_next")
	if err := os.Symlink(filepath.Base(fresh), next); err != nil {
		return err
	}
	if err := os.Rename(next, filepath.Join(folder, dataLink)); err != nil {
		return err
	}
	if err := link(folder, files); err != nil {
		return err
	}
	if before != "" {
		return os.RemoveAll(filepath.Join(folder, before))
	}
	return nil
}

const dataLink = "..data"

// link makes the names in a folder those of the files.
func link(folder string, files map[string]file) error {
	wanted := map[string]bool{}
	for name := range files {
		first, _, _ := strings.Cut(name, "/")
		wanted[first] = true
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, "..") && !wanted[name] {
			if err := os.Remove(filepath.Join(folder, name)); err != nil {
				return err
			}
		}
	}
	for name := range wanted {
		if err := os.Symlink(filepath.Join(dataLink, name), filepath.Join(folder, name)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	return nil
}

// same reports whether a folder shows just these files.
func same(folder string, files map[string]file) bool {
	shown := 0
	err := filepath.WalkDir(filepath.Join(folder, dataLink)+"/", func(_ string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			shown++
		}
		return err
	})
	if err != nil || shown != len(files) {
		return false
	}
	for name, f := range files {
		text, err := os.ReadFile(filepath.Join(folder, dataLink, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(text, f.text) {
			return false
		}
	}
	return true
}

// value is what a pointer leads to, or what counts when it leads nowhere.
func value[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
