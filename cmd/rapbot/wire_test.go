package main

import (
	"testing"

	"github.com/rap-analyzer/rapbot/config"
)

// A nil of a type would be taken for a Volume, and every region for one whose data can be handled.
func TestVolumeIsNilWithoutCommands(t *testing.T) {
	if v := volumeOf(config.Instance{}, nil); v != nil {
		t.Errorf("got %T", v)
	}
	if v := volumeOf(config.Instance{Divergence: config.Command{"x"}}, nil); v == nil {
		t.Error("got nothing")
	}
}
