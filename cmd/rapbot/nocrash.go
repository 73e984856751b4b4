//go:build !crashpoints

package main

import (
	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/bot"
)

// instrument leaves the steps as they are.
func instrument(doers map[rapbot.StepKind]rapbot.Doer) map[rapbot.StepKind]rapbot.Doer { return doers }

// machineClock is the time that rapbot goes by.
func machineClock() bot.Clock { return realClock{} }
