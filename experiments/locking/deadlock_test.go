package locking

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"parcon/runner/proc/proctest"
)

// One lets go of its locks before the other takes any, so there never is a
// deadlock; a watchdog that mixed two moments would see one.
func TestALookIsOfOneMoment(t *testing.T) {
	proctest.Tidy(t)
	ids := [2]uint64{11, 22}
	var l ledger
	ended := launch(1, func(int) {
		for range 20_000 {
			for unit, id := range ids {
				l.wait(unit, unit)
				l.took(unit, unit, id)
				l.wait(unit, 1-unit)
				l.gaveUp(unit)
				l.letGo(unit, unit)
			}
		}
	})
	looks := 0
	for going := true; going; {
		select {
		case <-ended:
			going = false
		default:
		}
		s, ok := l.look()
		if !ok {
			runtime.Gosched()
			continue
		}
		if looks++; s.deadlock(ids) != nil {
			t.Fatalf("saw a deadlock: %+v", s)
		}
	}
	if looks == 0 {
		t.Error("it never saw anything")
	}
}

func TestALedgerShowsADeadlock(t *testing.T) {
	ids := [2]uint64{11, 22}
	var l ledger
	for unit, id := range ids {
		l.wait(unit, unit)
		l.took(unit, unit, id)
		l.wait(unit, 1-unit)
	}
	s, ok := l.look()
	if units := s.deadlock(ids); !ok || len(units) != 2 {
		t.Fatalf("%+v, %v: %v", s, ok, units)
	}
	right := []account{{unit: 0, first: 0, gaveUp: true}, {unit: 1, first: 1}}
	if !rightlyNamed(s, ids, right) {
		t.Error("the holders are named wrongly")
	}
	if right[1].first = 0; rightlyNamed(s, ids, right) {
		t.Error("a unit that held the other lock was named rightly")
	}
	if s.deadlock([2]uint64{11, 33}) != nil {
		t.Error("a holder whom nobody knows is in a deadlock")
	}
	l.gaveUp(0)
	if s, ok := l.look(); !ok || s.deadlock(ids) != nil {
		t.Errorf("%+v, %v after one gave up", s, ok)
	}
	l.units[0].steps.Add(1) // it is about to write
	if _, ok := l.look(); ok {
		t.Error("looked while a unit writes")
	}
}

// secret are two threads that note nothing: no watchdog can see their deadlock.
type secret struct{ threads }

func (s *secret) begin(first [2]int) (*ledger, <-chan account, error) {
	_, ends, err := s.threads.begin(first)
	return &ledger{}, ends, err
}

func TestWhoIsNotSeenHangs(t *testing.T) {
	proctest.Tidy(t)
	for range 20 { // one try may miss the deadlock
		o, err := watch(&secret{}, [2]int{0, 1}, 50*time.Millisecond)
		if err != nil || o.found {
			t.Fatalf("%+v, %v", o, err)
		}
		if o.hanging == 2 {
			return
		}
	}
	t.Error("nobody hung")
}

func TestCheckAccounts(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		accounts []account
		outcome  outcome
		want     string
	}{
		{[]account{{}, {}}, outcome{}, ""},
		{[]account{{gaveUp: true}, {}}, outcome{found: true}, ""},
		{[]account{{gaveUp: true}, {gaveUp: true}}, outcome{hanging: 2}, ""},
		{[]account{{}, {}}, outcome{found: true}, "0 of them gave up"},
		{[]account{{gaveUp: true}, {gaveUp: true}}, outcome{found: true}, "2 of them gave up"},
		{[]account{{gaveUp: true}, {}}, outcome{}, "1 units gave up without a deadlock"},
		{[]account{{}, {err: broken}}, outcome{}, "broken"},
	} {
		err := checkAccounts(c.accounts, c.outcome)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v, %+v: %v, want %q", c.accounts, c.outcome, err, c.want)
		}
	}
}
