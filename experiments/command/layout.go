package command

import (
	"math"
	"time"
)

// A Layout is how many tasks trials have, by how long a task takes alone.
type Layout struct {
	Took  time.Duration
	Cores int
}

// What trials aim at: alone is how long one of a single worker takes, and MostItems is how many
// items there are in it at most. Turns are the tasks of each worker: see Rate.
const (
	alone     = 1200 * time.Millisecond
	MostItems = 32
)

// Items is how many different items a trial has. All trials have the same ones, each as often
// as any other, so that no number of workers has longer tasks than another.
func (l Layout) Items(there int) int {
	return max(1, min(there, MostItems, l.fit()))
}

// fit is how many tasks one worker does in a trial: two at least.
func (l Layout) fit() int { return int(max(2, min(1000, float64(alone)/float64(max(l.Took, 1))))) }

// turns is how many tasks each worker has at least: long ones are few.
func (l Layout) turns() int {
	switch {
	case l.Took < time.Second:
		return 4
	case l.Took < 3*time.Second:
		return 3
	}
	return 2
}

// Tasks is how many tasks a trial of so many workers has, on so many different items: enough
// turns for all, and some tenths of a second for short tasks.
func (l Layout) Tasks(workers, items int) int {
	n := float64(l.fit())
	if workers > 1 {
		n = max(float64(l.turns()*workers), n/2*float64(min(workers, max(1, l.Cores))))
	}
	return items * int(math.Ceil(n/float64(items)))
}
