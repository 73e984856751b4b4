package memory_test

import (
	"testing"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/journal/journaltest"
	"github.com/rap-analyzer/rapbot/integrations/journal/memory"
)

func TestOperations(t *testing.T) {
	journaltest.Operations(t, func(*testing.T) rapbot.Operations { return memory.New() })
}

func TestInbox(t *testing.T) {
	journaltest.Inbox(t, func(*testing.T) alert.Inbox { return memory.New() })
}

func TestFirings(t *testing.T) {
	journaltest.Firings(t, func(*testing.T) journaltest.Journal { return memory.New() })
}

func TestSamples(t *testing.T) {
	journaltest.Samples(t, func(*testing.T) rapbot.Samples { return memory.New() })
}

func TestNotes(t *testing.T) {
	journaltest.Notes(t, func(*testing.T) rapbot.Notes { return memory.New() })
}

// A play's crash keeps the journal and starts a new bot on it.
func TestSurvival(t *testing.T) {
	journaltest.Survival(t, func(*testing.T) (journaltest.Journal, func() journaltest.Journal) {
		j := memory.New()
		return j, func() journaltest.Journal { return j }
	})
}
