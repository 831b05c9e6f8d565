package database_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/internal/testenv"
)

// BenchmarkWriters measures transactions that read and write, of several writers
// at once.
func BenchmarkWriters(b *testing.B) {
	db := testenv.EmbeddedPair(b)
	_, org := testenv.Organization(b, db.Client)
	b.SetParallelism(4)
	var mu sync.Mutex
	var took []time.Duration
	b.RunParallel(func(pb *testing.PB) {
		ctx := rule.System(b.Context())
		for pb.Next() {
			begin := time.Now()
			tx, err := db.Client.Tx(ctx)
			if err != nil {
				b.Error(err)
				return
			}
			if err := tx.Organization.UpdateOneID(org.ID).AddEventSeq(1).Exec(ctx); err != nil {
				b.Error(err)
			}
			if err := tx.Commit(); err != nil {
				b.Error(err)
			}
			mu.Lock()
			took = append(took, time.Since(begin))
			mu.Unlock()
		}
	})
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}
