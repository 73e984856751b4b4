package helm_test

import (
	"fmt"
	"testing"
)

// BenchmarkPreview is a preview of a new image, on a real API server.
func BenchmarkPreview(b *testing.B) {
	w := newWorld(b)
	w.apply("image.tag=v1")
	h := w.helm()
	for b.Loop() {
		if _, err := h.Preview(b.Context(), change("image.tag=v2")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApply is an upgrade to a new image, with ten revisions of history.
func BenchmarkApply(b *testing.B) {
	w := newWorld(b)
	h := w.helm()
	n := 0
	for b.Loop() {
		n++
		if _, err := h.Apply(b.Context(), change(fmt.Sprintf("image.tag=v%d", n))); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRelease is what a status asks.
func BenchmarkRelease(b *testing.B) {
	w := newWorld(b)
	for i := range 10 {
		w.apply(fmt.Sprintf("image.tag=v%d", i))
	}
	h := w.helm()
	for b.Loop() {
		if _, err := h.Release(b.Context(), east, "app"); err != nil {
			b.Fatal(err)
		}
	}
}
