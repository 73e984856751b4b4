package postgres

import "testing"

// Whoever is led from primary to primary has one address at the end of its
// connection string, not all of them.
func TestToward(t *testing.T) {
	const declared = "host=a,b port=5432,5432 user=replicator target_session_attrs=primary"
	first := toward(declared, "b", "5432")
	if want := declared + " host='b' hostaddr='' port='5432'"; first != want {
		t.Errorf("%s", first)
	}
	if got, want := toward(first, "127.1.2.3", "6543"), declared+" host='127.1.2.3' hostaddr='' port='6543'"; got != want {
		t.Errorf("%s", got)
	}
}
