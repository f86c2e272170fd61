package testbed

import "time"

// PrepareWithin sets what a preparation may take at least, and returns what sets it
// back.
func PrepareWithin(least time.Duration) (restore func()) {
	was := leastPreparation
	leastPreparation = least
	return func() { leastPreparation = was }
}
