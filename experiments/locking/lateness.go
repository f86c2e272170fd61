package locking

import (
	"slices"

	"parcon/runner/protocol"
)

// The units of waits that are to last a given time.
const (
	lateHalf = "late-p50-ns"
	lateMost = "late-p99-ns"
	lateMax  = "late-max-ns"
	early    = "early"
)

// lateness says how late waits ended, from how long each went on after its time:
// nanoseconds, at least one wait, below 0 if it ended before. Quantiles are the
// nearest rank: below 100 waits the 99th hundredth is the latest.
func lateness(after []int64) protocol.Measurement {
	sorted := slices.Sorted(slices.Values(after))
	tooEarly, _ := slices.BinarySearch(sorted, 0)
	return protocol.Measurement{
		lateHalf: float64(sorted[rank(len(sorted), 50)]),
		lateMost: float64(sorted[rank(len(sorted), 99)]),
		lateMax:  float64(sorted[len(sorted)-1]),
		early:    float64(tooEarly),
	}
}

// rank is the index of the smallest of n sorted values that so many in a hundred
// do not exceed.
func rank(n, percent int) int { return (n*percent+99)/100 - 1 }
