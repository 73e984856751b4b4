package judge

// Invariant is a promise that every run must keep.
type Invariant struct {
	Number string
	Means  string                 // here, in this lab
	check  func(History) []string // how it was broken; nothing when it held
}

// Breach is a promise that was broken.
type Breach struct {
	Invariant string `json:"invariant"`
	What      string `json:"what"`
}

// Invariants are all of them, in order.
var Invariants = []Invariant{
	{"I1", "never do two servers take committed writes at once, unless a person accepted that risk", onePrimary},
	{"I2", "without a failover no acknowledged row is lost, whatever was killed", nothingLost},
	{"I3", "every acknowledged row is on the one lineage, or was lost by a failover from the server that acknowledged it", oneLineage},
	{"I4", "every operation comes to an end, however often rapbot is killed", everythingEnds},
	{"I5", "after a rollback writes are accepted again", writesReturn},
	{"I6", "a region that did not receive or replay, or that was dead, was not switched over to, and the primary is the one last promoted", rightOneIsPrimary},
	{"I7", "what a failover lost is within the bound that was accepted, and was told exactly where it was counted", withinBound},
	{"I8", "at the end every region streams from the one primary on its timeline and has replayed a fresh row", whole},
	{"I9", "the second click, the requester's own approval and an approval of what has ended are refused", refused},
	{"I10", "a primary that was replaced never takes a committed write again", staysDown},
	{"I11", "at the end the settings and slots are the declared ones", asDeclared},
	{"I12", "no secret is in a message or in rapbot's log", keptSecret},
}

// Breaches lists what a run broke.
func Breaches(h History) []Breach {
	var all []Breach
	for _, i := range Invariants {
		for _, what := range i.check(h) {
			all = append(all, Breach{i.Number, what})
		}
	}
	return all
}
