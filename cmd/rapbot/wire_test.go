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

// A nil of a type would be taken for an Alertmanager, and its buttons shown.
func TestSilencesAreNilWithoutAnAddress(t *testing.T) {
	if s, err := openSilences(config.AlertmanagerAPI{}); s != nil || err != nil {
		t.Errorf("got %T, %v", s, err)
	}
	if s, err := openSilences(config.AlertmanagerAPI{URLs: []string{"http://127.0.0.1:9093"}}); s == nil || err != nil {
		t.Errorf("got %T, %v", s, err)
	}
}
