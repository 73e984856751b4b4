package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot/integrations/postgres"
)

// R10: whatever is wrong with a connection string, none of it is repeated.
func TestOpenRepeatsNoSecret(t *testing.T) {
	for _, dsn := range []string{
		"postgres://rapbot:hunter2@db:port/rap",
		"postgres://rapbot:hunter2@db:99999999/rap",
		"postgres://rapbot:hunter2%zz@db/rap",
		"host=db password=hunter2 port=x",
		"host=db password='hunter2 user=rapbot",
		"password = hunter2 host",
		"hunter2",
		"host=db password=hunter2 sslmode=sometimes",
		"host=db password=hunter2 sslrootcert=/no/such/file sslmode=verify-full",
		"host=a,b password=hunter2",
		"postgres://rapbot:hunter2@a,b/rap",
		"host=db password=hunter2 target_session_attrs=primary",
	} {
		f, err := postgres.Open(t.Context(), []postgres.RegionConfig{{Name: "us-east-1", Slot: "use1", DSN: dsn, Password: "hunter2"}}, postgres.Options{})
		if err == nil {
			t.Errorf("%q is accepted", dsn)
			f.Close()
			continue
		}
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, "hunter2") || !strings.Contains(text, "region us-east-1: dsn: ") {
			t.Errorf("%q: %s", dsn, text)
		}
	}
}

func TestOpenRefusesTwins(t *testing.T) {
	_, err := postgres.Open(t.Context(), []postgres.RegionConfig{
		{Name: "us-east-1", Slot: "use1", DSN: "host=a user=rapbot"},
		{Name: "us-west-2", Slot: "use1", DSN: "host=b user=rapbot"},
		{Name: "eu-west-1", Slot: "euw1", DSN: "host=a user=rapbot"},
	}, postgres.Options{})
	want := "region us-west-2: the same slot use1 as us-east-1\nregion eu-west-1: the same server a:5432 as us-east-1"
	if fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
