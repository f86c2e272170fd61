package locking

import (
	"strings"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/runner/proc/proctest"
)

// These are locks, events and conditions that do not work: the mechanisms must
// notice it.

func TestASemaphoreThatLetsTooManyIn(t *testing.T) {
	m := countInside([]int{2, 3, 1, 2}, 2)
	if m[card.UnitTries] != 4 || m[card.UnitSeen] != 2 || m[over] != 1 || m[mostInside] != 3 {
		t.Errorf("%v", m)
	}
}

func TestARoomCountsItsVisitors(t *testing.T) {
	proctest.Tidy(t)
	var r room
	r.inside.Add(2) // as if two were inside all the time
	r.visit()
	r.inside.Add(-2)
	if most, err := r.result(1); most != 3 || err != nil {
		t.Errorf("%d, %v", most, err)
	}
	if _, err := r.result(2); err == nil || !strings.Contains(err.Error(), "1 came through") {
		t.Errorf("one is missing: %v", err)
	}
	r.inside.Add(1)
	if _, err := r.result(1); err == nil || !strings.Contains(err.Error(), "1 are still inside") {
		t.Errorf("one is still inside: %v", err)
	}
}

// eager wakes one unit before it is told to.
type eager struct{ eventGoroutines }

func (e *eager) gather() (*tally, error) {
	t, err := e.eventGoroutines.gather()
	t.woken.Add(1)
	return t, err
}

func TestAnEventThatWakesBefore(t *testing.T) {
	proctest.Tidy(t)
	if seen, err := wakeAll(&eager{}); seen || err != nil {
		t.Errorf("%v, %v", seen, err)
	}
}

// offBy wakes so many more than it is told to.
type offBy struct {
	conditionGoroutines
	n int
}

func (o *offBy) notify(n int) error {
	if n < waiters {
		n += o.n
	}
	return o.conditionGoroutines.notify(n)
}

func TestAConditionThatWakesTooMany(t *testing.T) {
	proctest.Tidy(t)
	for range 20 { // on a machine without a free core the fourth may come late
		woken, err := wakeSome(&offBy{n: 1}, 3, patience)
		if err != nil {
			t.Fatal(err)
		}
		if woken == 4 {
			return
		}
	}
	t.Error("the one too many was never noticed")
}

func TestAConditionThatWakesTooFew(t *testing.T) {
	proctest.Tidy(t)
	if woken, err := wakeSome(&offBy{n: -1}, 3, 5*time.Millisecond); woken > 2 || err != nil {
		t.Errorf("woke %d, %v, want 2 at most", woken, err)
	}
}

func TestTriesOfACondition(t *testing.T) {
	m := countWoken([]int{3, 4, 2, 5, 3, 3}, 3)
	if m[card.UnitTries] != 6 || m[card.UnitSeen] != 3 || m[more] != 2 || m[less] != 1 {
		t.Errorf("%v", m)
	}
}

// forgetful is a lock that is free after the first time that it is let go of.
type forgetful struct {
	lock
	free bool
}

func (f *forgetful) letGo(owner uint32) error { f.free = true; return f.lock.letGo(owner) }
func (f *forgetful) try(uint32) bool          { return f.free }

func TestALockThatIsFreeTooEarly(t *testing.T) {
	proctest.Tidy(t)
	l := &forgetful{lock: localLock(reentrantly)}
	if _, err := relock(localHolder{l, looks}, l); err == nil || !strings.Contains(err.Error(), "after it was let go of 1 times") {
		t.Errorf("%v", err)
	}
}

// stuck is a lock that is never free.
type stuck struct{ lock }

func (stuck) try(uint32) bool { return false }

func TestALockThatIsNeverFree(t *testing.T) {
	proctest.Tidy(t)
	l := stuck{localLock(reentrantly)}
	if _, err := relock(localHolder{l, looks}, l); err == nil || !strings.Contains(err.Error(), "another cannot take it") {
		t.Errorf("%v", err)
	}
}
