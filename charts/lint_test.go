package charts

import (
	"testing"

	"helm.sh/helm/v4/pkg/chart/v2/lint"
)

// TestLint finds nothing to say, not even in passing.
func TestLint(t *testing.T) {
	for _, name := range shipped {
		for _, message := range lint.RunAll(name, nil, namespace).Messages {
			t.Errorf("%s: %v", name, message)
		}
	}
}
