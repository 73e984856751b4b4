package helm

import (
	"context"
	"log"
	"log/slog"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"

	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

// handler passes what a library logs on, whatever its level, at debug level and
// without secrets: what Helm calls an error is an answer to us, and is told
// where it belongs.
type handler struct {
	log    *zap.Logger
	hide   func(string) string
	prefix string
	fields []zap.Field
}

func (h *handler) Enabled(context.Context, slog.Level) bool {
	return h.log.Core().Enabled(zapcore.DebugLevel)
}

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	fields := append([]zap.Field{zap.String("level", r.Level.String())}, h.fields...)
	r.Attrs(func(a slog.Attr) bool {
		fields = append(fields, h.field(a))
		return true
	})
	h.log.Debug(h.hide(r.Message), fields...)
	return nil
}

func (h *handler) field(a slog.Attr) zap.Field {
	return zap.String(h.prefix+a.Key, manifest.Clip(h.hide(a.Value.Resolve().String()), 2000))
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *h
	n.fields = append([]zap.Field{}, h.fields...)
	for _, a := range attrs {
		n.fields = append(n.fields, h.field(a))
	}
	return &n
}

func (h *handler) WithGroup(name string) slog.Handler {
	n := *h
	n.prefix += name + "."
	return &n
}

// Redirect sends to log, at debug level, what Helm and client-go say through the
// loggers of the process (slog, klog and log), which end at stderr otherwise. A
// program calls it once, before it starts anything; it is of no use to tests.
func Redirect(to *zap.Logger) {
	to = to.WithOptions(zap.WithCaller(false))
	h := &handler{log: to, hide: manifest.HideShapes}
	slog.SetDefault(slog.New(h))
	klog.SetSlogLogger(slog.New(h))
	log.SetFlags(0)
	log.SetOutput(lines{to})
}

// lines is what the log package writes to: Helm's few lines, and those of HTTP
// servers, among which are panics.
type lines struct{ log *zap.Logger }

func (l lines) Write(p []byte) (int, error) {
	level := zapcore.DebugLevel
	if strings.HasPrefix(string(p), "http: ") {
		level = zapcore.WarnLevel
	}
	l.log.Log(level, manifest.Clip(manifest.HideShapes(strings.TrimSpace(string(p))), 2000))
	return len(p), nil
}
