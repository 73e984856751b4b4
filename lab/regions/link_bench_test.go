package regions

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// BenchmarkLink tells what a link costs the application: one session's inserts and bare round trips, directly and through the link.
func BenchmarkLink(b *testing.B) {
	f, err := Start(b.Context(), Options{Links: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	server := f.servers[0]
	for _, work := range []struct{ name, words string }{
		{"ping", "SELECT 1"},
		{"insert", "INSERT INTO writes (id) VALUES ((extract(epoch FROM clock_timestamp()) * 1e6)::bigint)"},
	} {
		for _, way := range []struct{ name, dsn string }{
			{"direct", server.DSN(App)}, {"link", server.DSNFor(ViewerApp, App)},
		} {
			b.Run(work.name+"/"+way.name, func(b *testing.B) {
				conn, err := pgx.Connect(b.Context(), way.dsn)
				if err != nil {
					b.Fatal(err)
				}
				defer closeNow(conn)
				began := time.Now()
				for b.Loop() {
					if _, err := conn.Exec(b.Context(), work.words); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "rows/s")
			})
		}
	}
}
