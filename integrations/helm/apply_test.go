package helm_test

import (
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

func TestInstallUpgradeAndBack(t *testing.T) {
	w := newWorld(t)
	if _, err := w.helm().Release(t.Context(), east, rapbot.App); rapbot.ErrorCode(err) != rapbot.NotFound {
		t.Errorf("what is not installed: %v", err)
	}
	p := w.preview("image.tag=v1")
	if p.Release.Revision != 0 || p.Version != "v1" || p.Objects != 3 || !strings.Contains(p.Diff, "+ Deployment/shop\n") || !strings.Contains(p.Diff, `NAMESPACE_THERE: "true"`) {
		t.Errorf("preview of the installation: %+v", p)
	}
	if w.configMap("shop-config") != nil {
		t.Fatal("the preview has installed something")
	}
	first := w.apply("image.tag=v1")
	if first.Revision != 1 || first.Status != "deployed" || first.Version != "v1" || first.Chart != "shop-1.0.0" || first.Words != "Install complete" {
		t.Errorf("installed: %+v", first)
	}
	if w.image() != "shop:v1" {
		t.Errorf("the image is %s", w.image())
	}
	if p = w.preview("image.tag=v1"); p.Objects != 0 || p.Diff != "" {
		t.Errorf("nothing would change, and the preview says:\n%s", p.Diff)
	}
	p = w.preview("image.tag=v2")
	if want := "~ Deployment/shop\n@@ spec.template.spec.containers\n              name: shop-config\n-         image: shop:v1\n+         image: shop:v2\n          name: shop\n"; p.Diff != want || p.Objects != 1 || p.Release.Revision != 1 {
		t.Errorf("preview: %+v\n%s", p, p.Diff)
	}
	second := w.apply("image.tag=v2")
	if second.Revision != 2 || w.image() != "shop:v2" {
		t.Errorf("upgraded: %+v, image %s", second, w.image())
	}
	if p, err := w.helm().PreviewRollBack(t.Context(), east, rapbot.App, 1); err != nil || p.Objects != 1 || p.Version != "v1" || !strings.Contains(p.Diff, "+         image: shop:v1") {
		t.Errorf("preview of the rollback: %+v, %v", p, err)
	}
	back, err := w.helm().RollBack(t.Context(), east, rapbot.App, 1)
	if err != nil || back.Revision != 3 || back.Version != "v1" || back.Words != "Rollback to 1" || w.image() != "shop:v1" {
		t.Errorf("rolled back: %+v, %v, image %s", back, err, w.image())
	}
	if p, err := w.helm().PreviewRollBack(t.Context(), east, rapbot.App, 1); err != nil || p.Objects != 0 {
		t.Errorf("nothing would change, and the preview of the rollback says: %+v, %v", p, err)
	}
	if _, err := w.helm().RollBack(t.Context(), east, rapbot.App, 9); rapbot.ErrorCode(err) != rapbot.NotFound {
		t.Errorf("a revision that is not there: %v", err)
	}
	gone, err := w.helm().RollBack(t.Context(), east, rapbot.App, 0)
	if err != nil || gone.Revision != 0 || gone.Status != "uninstalled" || w.configMap("shop-config") != nil {
		t.Errorf("uninstalled: %+v, %v", gone, err)
	}
	if _, err := w.helm().Release(t.Context(), east, rapbot.App); rapbot.ErrorCode(err) != rapbot.NotFound {
		t.Errorf("after uninstalling: %v", err)
	}
}
