package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// environment is a container's, as its specification says, with real folders in place of mounted paths. What comes from a Secret is left as it is.
func (c *container) environment(ctx context.Context, image pulled, m mounts) (map[string]string, error) {
	env := map[string]string{}
	for _, from := range c.spec.EnvFrom {
		if err := c.pod.envFrom(ctx, env, from, m); err != nil {
			return nil, err
		}
	}
	for _, entry := range c.spec.Env {
		value, ok, err := c.pod.envValue(ctx, c, entry, env)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if entry.ValueFrom == nil || entry.ValueFrom.SecretKeyRef == nil {
			value = m.replace(value)
		}
		env[entry.Name] = value
	}
	base := c.pod.run.baseEnvironment(c, image)
	maps.Copy(base, env)
	return base, nil
}

// baseEnvironment is what a container finds besides what its specification says.
func (r *run) baseEnvironment(c *container, image pulled) map[string]string {
	host, port, _ := strings.Cut(strings.TrimPrefix(r.node.opt.Config.Host, "https://"), ":")
	env := map[string]string{
		"PATH": strings.Join(append(slices.Clone(image.Path), r.node.path), ":"),
		"HOME": c.home(), "TMPDIR": c.home(), "HOSTNAME": c.pod.object.Name, "TZ": "UTC", "LANG": "C.UTF-8",
		"VERSION":                 image.tag,
		"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port, "KUBERNETES_SERVICE_PORT_HTTPS": port,
	}
	for _, entry := range image.Env {
		key, value, _ := strings.Cut(entry, "=")
		env[key] = value
	}
	return env
}

func (p *pod) envFrom(ctx context.Context, env map[string]string, from core.EnvFromSource, m mounts) error {
	switch {
	case from.ConfigMapRef != nil:
		data, err := p.configMap(ctx, from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
		if err != nil {
			return err
		}
		for key, value := range data {
			env[from.Prefix+key] = m.replace(string(value))
		}
	case from.SecretRef != nil:
		data, err := p.secret(ctx, from.SecretRef.Name, from.SecretRef.Optional)
		if err != nil {
			return err
		}
		for key, value := range data {
			env[from.Prefix+key] = string(value)
		}
	}
	return nil
}

// envValue gives the value of an entry; not ok when it is optional and there is none.
func (p *pod) envValue(ctx context.Context, c *container, entry core.EnvVar, env map[string]string) (string, bool, error) {
	from := entry.ValueFrom
	switch {
	case from == nil:
		return expand(entry.Value, env), true, nil
	case from.FieldRef != nil:
		value, err := p.field(from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		value, err := c.resource(from.ResourceFieldRef)
		return value, true, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		data, err := p.configMap(ctx, ref.Name, ref.Optional)
		return pick(data, ref.Key, ref.Optional, "configmap "+ref.Name, err)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		data, err := p.secret(ctx, ref.Name, ref.Optional)
		return pick(data, ref.Key, ref.Optional, "secret "+ref.Name, err)
	}
	return "", false, fmt.Errorf("environment variable %s: its source is not one that this node knows", entry.Name)
}

func pick(data map[string][]byte, key string, optional *bool, what string, err error) (string, bool, error) {
	if err != nil {
		return "", false, err
	}
	value, ok := data[key]
	if !ok && (optional == nil || !*optional) {
		return "", false, fmt.Errorf("couldn't find key %s in %s", key, what)
	}
	return string(value), ok, nil
}

// expand puts variables in place of $(NAME), and leaves $$(NAME) and unknown names as $(NAME).
func expand(text string, env map[string]string) string {
	var out strings.Builder
	for {
		at := strings.IndexByte(text, '$')
		if at < 0 || at+1 >= len(text) {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:at])
		text = text[at:]
		if text[1] == '$' {
			out.WriteByte('$')
			text = text[2:]
			continue
		}
		name, rest, ok := strings.Cut(text[1:], ")")
		value, known := env[strings.TrimPrefix(name, "(")]
		if ok && strings.HasPrefix(name, "(") && known {
			out.WriteString(value)
			text = rest
			continue
		}
		out.WriteByte('$')
		text = text[1:]
	}
}

// field gives what a fieldRef names.
func (p *pod) field(path string) (string, error) {
	o := p.current()
	if name, ok := strings.CutPrefix(path, "metadata.labels['"); ok {
		return o.Labels[strings.TrimSuffix(name, "']")], nil
	}
	if name, ok := strings.CutPrefix(path, "metadata.annotations['"); ok {
		return o.Annotations[strings.TrimSuffix(name, "']")], nil
	}
	switch path {
	case "metadata.name":
		return o.Name, nil
	case "metadata.namespace":
		return o.Namespace, nil
	case "metadata.uid":
		return string(o.UID), nil
	case "metadata.labels":
		return list(o.Labels), nil
	case "metadata.annotations":
		return list(o.Annotations), nil
	case "spec.nodeName":
		return o.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return o.Spec.ServiceAccountName, nil
	case "status.podIP", "status.podIPs":
		return p.address.String(), nil
	case "status.hostIP", "status.hostIPs":
		return p.run.node.Address, nil
	}
	return "", fmt.Errorf("field %s is not one that this node knows", path)
}

func list(of map[string]string) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(of)) {
		lines = append(lines, fmt.Sprintf("%s=%q", key, of[key]))
	}
	return strings.Join(lines, "\n")
}

// resource gives a request or limit of the container's; what it does not say is the node's.
func (c *container) resource(ref *core.ResourceFieldSelector) (string, error) {
	kind, name, _ := strings.Cut(ref.Resource, ".")
	quantities := c.spec.Resources.Requests
	if kind == "limits" {
		quantities = c.spec.Resources.Limits
	}
	quantity, ok := quantities[core.ResourceName(name)]
	if !ok {
		quantity = capacity[core.ResourceName(name)]
	}
	if ref.Divisor.IsZero() {
		if name == string(core.ResourceCPU) {
			return strconv.FormatInt((quantity.MilliValue()+999)/1000, 10), nil
		}
		return strconv.FormatInt(quantity.Value(), 10), nil
	}
	if name == string(core.ResourceCPU) {
		return strconv.FormatInt((quantity.MilliValue()+ref.Divisor.MilliValue()-1)/ref.Divisor.MilliValue(), 10), nil
	}
	return strconv.FormatInt((quantity.Value()+ref.Divisor.Value()-1)/ref.Divisor.Value(), 10), nil
}

// configMap and secret give what is in them; nothing when there is none and none is needed.
func (p *pod) configMap(ctx context.Context, name string, optional *bool) (map[string][]byte, error) {
	found, err := p.run.client.CoreV1().ConfigMaps(p.object.Namespace).Get(ctx, name, meta.GetOptions{})
	if err != nil {
		return nil, unless(optional, err)
	}
	data := maps.Clone(found.BinaryData)
	if data == nil {
		data = map[string][]byte{}
	}
	for key, text := range found.Data {
		data[key] = []byte(text)
	}
	return data, nil
}

func (p *pod) secret(ctx context.Context, name string, optional *bool) (map[string][]byte, error) {
	found, err := p.run.client.CoreV1().Secrets(p.object.Namespace).Get(ctx, name, meta.GetOptions{})
	if err != nil {
		return nil, unless(optional, err)
	}
	return found.Data, nil
}

func unless(optional *bool, err error) error {
	if optional != nil && *optional && errors.IsNotFound(err) {
		return nil
	}
	return err
}
