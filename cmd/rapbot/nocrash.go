//go:build !crashpoints

package main

import "github.com/rap-analyzer/rapbot"

// instrument leaves the steps as they are.
func instrument(doers map[rapbot.StepKind]rapbot.Doer) map[rapbot.StepKind]rapbot.Doer { return doers }
