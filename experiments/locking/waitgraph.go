package locking

import "slices"

// nobody and nothing stand for a lock without a holder and for a unit that waits
// for no lock.
const (
	nobody  = -1
	nothing = -1
)

// cycle finds a deadlock: units each of which waits for a lock that the next one
// holds, and the last one's that the first one holds. holder is the unit that
// holds each lock, wants the lock that each unit waits for. It returns the units
// of one cycle, the lowest first, or nil if there is none. Of several cycles it is
// the one that holds the lowest unit. Numbers out of range are nobody and nothing.
//
// Every lock has one holder at most and every unit waits for one lock at most, so
// a cycle in the wait-for graph is a deadlock and no deadlock is without one
// (Coffman, Elphick and Shoshani, System Deadlocks, Computing Surveys 3(2), 1971).
// Each unit points to one other at most: following these pointers from every unit
// not yet visited takes time in proportion to the units.
func cycle(holder, wants []int) []int {
	next := func(u int) int {
		if lock := wants[u]; lock >= 0 && lock < len(holder) && holder[lock] >= 0 && holder[lock] < len(wants) {
			return holder[lock]
		}
		return nobody
	}
	walk := make([]int, len(wants)) // on which a unit was visited, from 1
	var lowest []int
	for start := range wants {
		u := start
		for u != nobody && walk[u] == 0 {
			walk[u] = start + 1
			u = next(u)
		}
		if u == nobody || walk[u] != start+1 {
			continue
		}
		if found := around(u, next); lowest == nil || found[0] < lowest[0] {
			lowest = found
		}
	}
	return lowest
}

// around lists the units of the cycle that one of them is on, the lowest first.
func around(first int, next func(int) int) []int {
	units := []int{first}
	for u := next(first); u != first; u = next(u) {
		units = append(units, u)
	}
	at := slices.Index(units, slices.Min(units))
	return slices.Concat(units[at:], units[:at])
}
