package choice

import "slices"

// worthTrying is the ratio from which more workers, of one trial each, seem to bring more.
const worthTrying = 1.1

// Climb is the next number of goroutines to try for a first look, after those of which times
// are known, in the order in which they were tried; 0 when more do not pay. The numbers are
// doubled from that of the cores on; one step that brings nothing may be noise.
func Climb(cores, most int, times []float64) int {
	next := min(cores<<len(times), most)
	if n := len(times); n > 0 && min(cores<<(n-1), most) == most {
		return 0
	}
	if n := len(times); n > 2 && slices.Min(times[n-2:])*worthTrying > slices.Min(times[:n-2]) {
		return 0
	}
	return next
}

// Top is the number of goroutines that the first look found best: the smallest that none
// beats by what seems more.
func Top(cores, most int, times []float64) int {
	for i, t := range times {
		if t < worthTrying*slices.Min(times) {
			return min(cores<<i, most)
		}
	}
	return min(cores, most)
}

// Candidates are the variants to be measured: goroutines around the number that was best at
// first, and as many as there are cores, which beside other programs may look worse in one trial
// than it is; all other models by the number that was best. most is how many workers there may be, processes says
// whether a process for each task is worth a trial, and safe whether tasks may run at once in
// one process.
func Candidates(cores, most, top int, processes, safe bool) []Variant {
	var numbers []int
	for _, w := range []int{cores, top / 2, top, 2 * top} {
		if w = min(w, most); w > 1 && w >= min(cores, most) && safe {
			numbers = append(numbers, w)
		}
	}
	slices.Sort(numbers)
	all := []Variant{{Serial, 1}}
	for _, w := range slices.Compact(numbers) {
		all = append(all, Variant{"goroutine", w})
	}
	for _, m := range Models[2:] {
		if top > 1 && (m != "process" || processes) && (safe || slices.Contains(isolated, m)) {
			all = append(all, Variant{m, top})
		}
	}
	return all
}
