package testbed

import "time"

// PrepareWithin sets what a preparation may take at least, and returns what sets it
// back.
func PrepareWithin(least time.Duration) (restore func()) {
	was := leastPreparation
	leastPreparation = least
	return func() { leastPreparation = was }
}

// Dir is the folder for the files of tasks.
func (l *Bed) Dir() string { return l.setting.Dir }
