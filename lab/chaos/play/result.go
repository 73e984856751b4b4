package play

import (
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/chaos/judge"
)

// Result is what came of one run.
type Result struct {
	Scenario   Scenario            `json:"scenario"`
	World      int                 `json:"world"` // which one of the series it was played in
	Regions    map[Role]string     `json:"regions"`
	Began      time.Time           `json:"began"`
	Took       time.Duration       `json:"took"`
	Outcome    string              `json:"outcome"` // of the operation that the run is about
	Operations []Summary           `json:"operations,omitempty"`
	Gap        time.Duration       `json:"gap"`                // the longest time without an acknowledged row
	Rollback   time.Duration       `json:"rollback,omitempty"` // from turning round to the first row, when there was a rollback
	Acked      int                 `json:"acked"`
	Samples    int                 `json:"samples"`
	Lost       int                 `json:"lost,omitempty"` // acknowledged rows
	Losses     []judge.CountedLoss `json:"losses,omitempty"`
	Blows      []judge.Blow        `json:"blows,omitempty"`
	Told       []string            `json:"told,omitempty"` // when nothing was proposed
	Mended     []string            `json:"mended,omitempty"`
	Breaches   []judge.Breach      `json:"breaches,omitempty"`
	Beyond     string              `json:"beyond,omitempty"` // why the world could not be played on
	Refusals   []judge.Refusal     `json:"refusals,omitempty"`
}

// Summary is one operation in short.
type Summary struct {
	ID      string        `json:"id"`
	Kind    rapbot.Kind   `json:"kind"`
	From    string        `json:"from"`
	To      string        `json:"to"`
	State   rapbot.State  `json:"state"`
	Took    time.Duration `json:"took"`
	Bound   string        `json:"bound,omitempty"`
	Outcome string        `json:"outcome,omitempty"`
	Left    []string      `json:"left,omitempty"` // to mend
}

// Broken reports whether the run is a finding.
func (r Result) Broken() bool { return len(r.Breaches) > 0 || r.Beyond != "" }

func (r *run) result(h judge.History, beyond error) Result {
	res := Result{
		Scenario: r.Scenario, Regions: r.regions, Began: r.began, Took: h.Ended.Sub(r.began), Outcome: "refused",
		Gap: time.Duration(r.Writer.Counters().LongestGapMS) * time.Millisecond, Acked: len(h.Acked), Samples: len(h.Samples),
		Lost: len(h.Missing), Losses: h.Losses, Blows: h.Blows, Told: r.said, Mended: h.Mended, Refusals: h.Refusals,
		Breaches: judge.Breaches(h),
	}
	if beyond != nil {
		res.Beyond = beyond.Error()
	}
	for i, o := range h.Operations {
		if i == 0 {
			res.Outcome = outcome(o)
		}
		s := Summary{ID: o.ID, Kind: o.Plan.Kind, From: o.Plan.From, To: o.Plan.To, State: o.State, Outcome: o.Outcome, Left: o.Warnings()}
		if o.Started() && o.State.Final() {
			s.Took = o.EndedAt.Sub(o.StartedAt)
		}
		if o.Plan.Impact.Loss != nil {
			s.Bound = o.Plan.Impact.Loss.String()
		}
		res.Operations = append(res.Operations, s)
		if took, is := judge.Rollback(h, o); is {
			res.Rollback = max(res.Rollback, took)
		}
	}
	return res
}

// outcome is the end of an operation in a word or two.
func outcome(o rapbot.Operation) string {
	switch {
	case !o.State.Final():
		return "open"
	case o.State == rapbot.Succeeded && len(o.Warnings()) > 0:
		return "succeeded, something left to mend"
	case o.State == rapbot.Succeeded:
		return "succeeded"
	case o.State == rapbot.Failed && !o.Started():
		return "not run"
	case o.GivenUp != nil && !o.RollingBack:
		return "given up"
	case o.State == rapbot.Failed && o.RollingBack:
		return "rolled back"
	}
	return string(o.State)
}
