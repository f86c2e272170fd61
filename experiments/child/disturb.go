package child

import (
	"time"
)

// The disturbance of a self-check: how long its load takes from none to one
// whole core and back, and in which steps it computes and sleeps.
const (
	disturbPeriod = 20 * time.Second
	disturbStep   = 50 * time.Millisecond
)

// disturb loads one core with a share of its time that drifts up and down, as a
// neighbour, a backup or a browser does. It never returns: it ends with its
// parent.
func disturb() error {
	if err := pinToFirstCore(); err != nil {
		return err
	}
	for start := time.Now(); ; {
		at := time.Now()
		busy := time.Duration(disturbShare(at.Sub(start)) * float64(disturbStep))
		for time.Since(at) < busy {
		}
		time.Sleep(disturbStep - busy)
	}
}

// disturbShare is the share of a core that is used so long after the start: a
// triangle from 0 to 1.
func disturbShare(after time.Duration) float64 {
	phase := 2 * float64(after%disturbPeriod) / float64(disturbPeriod)
	if phase > 1 {
		return 2 - phase
	}
	return phase
}
