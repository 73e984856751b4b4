package rapbot

// Proof is how a switchover proves, before anybody is promoted, that the
// target misses nothing (R5). It is part of a plan's basis: an approval is for
// the proof that was shown.
type Proof string

// The kinds of proof, the strongest first. Each of them includes the ones
// after it.
const (
	// ProofLog: the last record of the target's own log is the old primary's
	// shutdown checkpoint.
	ProofLog Proof = "the target's own log"
	// ProofControl: the old primary was shut down cleanly, and the target has
	// replayed as far as its log goes, by the data of the stopped server.
	ProofControl Proof = "the stopped primary's data"
	// ProofMarker: a row that was committed after the last writer had gone.
	ProofMarker Proof = "the marker row alone"
)

// FactProof is the kind of proof among the facts of a plan's basis.
const FactProof = "proof"

// Proof is the kind of proof that the plan was made with.
func (p Plan) Proof() Proof {
	if kind := p.Fact(FactProof); kind != "" {
		return Proof(kind)
	}
	return ProofLog // of before there were several
}

// proofFor chooses the strongest proof there can be.
func proofFor(target Server, from Site) Proof {
	switch {
	case target.Ability().WALInspect:
		return ProofLog
	case from.Volume:
		return ProofControl
	}
	return ProofMarker
}

// proofCheck tells a proof that is weaker than what newer versions give.
func proofCheck(proof Proof, primary, target Region) Check {
	c := Check{Name: "Proof that nothing is missing", Verdict: Warn}
	without := "PostgreSQL " + VersionName(target.Server.Version) + " has no pg_walinspect"
	switch proof {
	case ProofControl:
		c.Detail = without + ": where the log of the stopped " + primary.Name + " ends is compared with how far " + target.Name + " has replayed"
	case ProofMarker:
		c.Detail = without + ", and rapbot has no access to the data of the stopped " + primary.Name +
			" (regions[].instance.divergence): the marker row is the only proof, and " + primary.Name + " may need a rewind before it can follow"
	default:
		return Check{Name: c.Name, Verdict: Pass, Detail: "from " + target.Name + "'s own log"}
	}
	return c
}

// proveTitle is the title of the step that takes the proof.
func proveTitle(proof Proof, from, to string) string {
	switch proof {
	case ProofControl:
		return "Prove from the data of " + from + " that " + to + " misses nothing"
	case ProofMarker:
		return "Make sure of the marker row on " + to
	}
	return "Prove from " + to + "'s own WAL that nothing is missing"
}

// Claim is what the outcome of a switchover may say was kept, in its title.
func (p Proof) Claim() string {
	if p == ProofMarker {
		return "everything up to the marker row kept"
	}
	return "nothing lost"
}

// Promise is what a plan with this proof, and its outcome, may say is kept.
func (p Proof) Promise() string {
	if p == ProofMarker {
		return "Nothing that was acknowledged before the marker row is lost; of what a session writes after it, against the block, there is no proof."
	}
	return "Nothing that was acknowledged is lost."
}
