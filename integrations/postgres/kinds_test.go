package postgres_test

import (
	"slices"
	"testing"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// with makes the plan one with another proof, as on a version that has no better one.
func (d *drive) with(proof rapbot.Proof) *drive {
	d.plan.Basis = slices.Clone(d.plan.Basis)
	for i := range d.plan.Basis {
		if d.plan.Basis[i].Name == rapbot.FactProof {
			d.plan.Basis[i].Value = string(proof)
		}
	}
	return d
}

// Without pg_walinspect a switchover rests upon the data of the stopped
// primary, or upon the marker row alone, and says which.
func goesByWeakerProofs(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	f := openFleet(t, lab)
	for _, proof := range []rapbot.Proof{rapbot.ProofControl, rapbot.ProofMarker} {
		to := map[rapbot.Proof]string{rapbot.ProofControl: "us-west-2", rapbot.ProofMarker: "eu-west-1"}[proof]
		expectWrites(t, writer)
		d := plan(t, lab, f, to).with(proof)
		d.steps(rapbot.StepPromote)
		if kind := d.evidence[rapbot.EvProof]; kind != string(proof) {
			t.Errorf("the evidence is of %q, want %q", kind, proof)
		}
		if shutdown := d.evidence[rapbot.EvShutdown]; (shutdown != "") != (proof == rapbot.ProofControl) {
			t.Errorf("with %s the shutdown checkpoint is said to be at %q", proof, shutdown)
		}
		kept := d.evidence[rapbot.EvProof]
		d.evidence[rapbot.EvProof] = ""
		if proof == rapbot.ProofMarker {
			expectRefusal(t, "no proof in evidence", d.act(rapbot.StepPromote), "no proof that "+to+" has everything")
		}
		d.evidence[rapbot.EvProof] = kept
		d.stepsFrom(rapbot.StepPromote)
		expectWrites(t, writer)
	}
}
