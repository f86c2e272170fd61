package locking

import (
	"sync/atomic"
)

// A ledger is what two units note of two locks, so that a watchdog can see who
// holds what and who waits for what. It may lie in memory that processes share.
// A unit notes that it waits before it tries to take a lock, and that it holds
// the lock once it does; it strikes that out before it lets go. So whoever is
// noted as a holder is one.
type ledger struct {
	units  [2]noted
	holder [2]atomic.Uint64 // the id of each lock's holder, 0 for nobody
}

// noted is what one unit says of itself.
type noted struct {
	// steps grows by one before and after each note of the unit: odd while it
	// writes. A look that saw no step was not disturbed.
	steps atomic.Uint64
	wants atomic.Uint64 // the lock that the unit waits for, counted from 1; 0 for none
}

func (l *ledger) note(unit int, write func()) {
	l.units[unit].steps.Add(1)
	write()
	l.units[unit].steps.Add(1)
}

// wait notes that a unit tries to take a lock.
func (l *ledger) wait(unit, lock int) {
	l.note(unit, func() { l.units[unit].wants.Store(uint64(lock) + 1) })
}

// took notes that a unit has the lock that it waited for. id is its name: a
// number above 0.
func (l *ledger) took(unit, lock int, id uint64) {
	l.note(unit, func() {
		l.holder[lock].Store(id)
		l.units[unit].wants.Store(0)
	})
}

// gaveUp notes that a unit waits no longer and has not got the lock.
func (l *ledger) gaveUp(unit int) {
	l.note(unit, func() { l.units[unit].wants.Store(0) })
}

// letGo notes that a unit will let a lock go.
func (l *ledger) letGo(unit, lock int) {
	l.note(unit, func() { l.holder[lock].Store(0) })
}

// look reads the whole ledger. It fails if a unit wrote meanwhile: a watchdog that
// mixed what was true at different times would see deadlocks that never were.
func (l *ledger) look() (s sight, ok bool) {
	var before [2]uint64
	for u := range l.units {
		if before[u] = l.units[u].steps.Load(); before[u]%2 != 0 {
			return sight{}, false
		}
	}
	for i := range l.holder {
		s.holder[i] = l.holder[i].Load()
		s.wants[i] = int(l.units[i].wants.Load()) - 1
	}
	for u := range l.units {
		if l.units[u].steps.Load() != before[u] {
			return sight{}, false
		}
	}
	return s, true
}

// A sight is what a ledger said at one moment.
type sight struct {
	holder [2]uint64 // ids by lock
	wants  [2]int    // locks by unit, nothing for none
}

// deadlock returns the units that wait for each other, nil if they do not. ids are
// the names of the units.
func (s sight) deadlock(ids [2]uint64) []int {
	holder := [2]int{nobody, nobody}
	for lock, id := range s.holder {
		for unit := range ids {
			if id == ids[unit] {
				holder[lock] = unit
			}
		}
	}
	return cycle(holder[:], s.wants[:])
}
