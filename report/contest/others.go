package contest

import "math"

// Noticed is from how many cores on it counts what other programs take, and full from which share on
// all cores are busy.
const (
	Noticed = 0.15
	full    = 0.93
)

// Full says that so many busy cores are all of them.
func Full(busy, cores float64) bool { return busy > full*cores }

// Slowed is by how many times other programs made one slower that kept so many cores busy and had work
// for more: it would have had those, had they not run. Tasks cost what they cost. 1 where a core was
// idle, or the others took next to nothing.
func Slowed(wanted, busy, others, cores float64) float64 {
	if others > Noticed && Full(busy+others, cores) && wanted > busy && busy > 0 {
		return wanted / busy
	}
	return 1
}

// Demand is for how many cores a task has work by itself, from the CPU time that it takes, the time that it
// took, and that for which it was ready and waited for a core, all in one unit. NaN if that is not known.
func Demand(cpu, took, delay float64) float64 {
	if !(cpu > 0 && took > 0) {
		return math.NaN()
	}
	if delay > 0 && delay < took {
		took -= delay
	}
	return cpu / took
}
