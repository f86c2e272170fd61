package locking

import (
	"testing"

	"pgregory.net/rapid"
)

// The nearest rank: so many in a hundred are not above the quantile, and any value
// below it leaves fewer.
func TestLateness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		after := rapid.SliceOfN(rapid.Int64Range(-50, 50), 1, 250).Draw(t, "after")
		m := lateness(after)
		notAbove := func(limit float64) (n int) {
			for _, a := range after {
				if float64(a) <= limit {
					n++
				}
			}
			return n
		}
		for unit, percent := range map[string]int{lateHalf: 50, lateMost: 99, lateMax: 100} {
			q := m[unit]
			if 100*notAbove(q) < percent*len(after) || 100*notAbove(q-1) >= percent*len(after) {
				t.Fatalf("%s of %v is %v", unit, after, q)
			}
		}
		if want := notAbove(-1); m[early] != float64(want) {
			t.Fatalf("%v of %v are early, want %d", m[early], after, want)
		}
	})
}
