package gillock

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// threads runs n functions, each on a thread of its own, which waits for all to be there.
func threads(n int, run func(index int)) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			<-begin
			run(i)
		})
	}
	close(begin)
	all.Wait()
}

func TestOneAtATime(t *testing.T) {
	var l Lock
	number := 0
	threads(4, func(int) {
		ticket := Never
		for range 2000 {
			l.Take(ticket)
			number++
			ticket = l.Release()
		}
	})
	if number != 4*2000 {
		t.Errorf("counted %d, want %d", number, 4*2000)
	}
}

// A thread that only computes gives the lock to those who wait for it, at safe points, and
// to each before it has it again.
func TestWhoAsksGetsIt(t *testing.T) {
	var l Lock
	var order []int // under the lock
	left := 3
	threads(3, func(index int) {
		l.Take(Never)
		defer l.Release()
		order = append(order, index)
		for turns := 0; turns < 3; l.Check() {
			if last := order[len(order)-1]; last != index {
				order = append(order, index)
				turns++
			}
			if left == 1 { // nobody else would ask
				break
			}
		}
		left--
	})
	for i := 1; i < len(order); i++ {
		if order[i] == order[i-1] {
			t.Fatalf("turn %d of %v is that of the thread before", i, order)
		}
	}
	if len(order) < 9 {
		t.Errorf("turns: %v", order)
	}
}

// It is asked for only after an interval in which it did not change hands.
func TestItIsAskedForOnlyIfItDidNotChangeHands(t *testing.T) {
	for _, c := range []struct {
		held, changes, before uint32
		asked                 bool
	}{{1, 7, 7, true}, {1, 8, 7, false}, {0, 7, 7, false}} {
		var l Lock
		l.held.Store(c.held)
		l.changes.Store(c.changes)
		if l.ask(c.before); l.asked.Load() != c.asked {
			t.Errorf("held %d, %d changes after %d: asked %t", c.held, c.changes, c.before, l.asked.Load())
		}
	}
}

// Who is asked for the lock and lets it go for a call that blocks makes the call only
// when another thread has had it.
func TestWhoIsAskedBlocksAfterAnotherHadIt(t *testing.T) {
	var l Lock
	var order []string // under the lock, but for the call
	l.Take(Never)
	threads(2, func(index int) {
		if index == 1 {
			l.Take(Never)
			order = append(order, "other")
			l.Release()
			return
		}
		for !l.asked.Load() { // by the other one, after an interval
			runtime.Gosched()
		}
		ticket := l.Release()
		if l.changes.Load() == uint32(ticket) {
			t.Error("let go, and nobody had it")
		}
		l.Take(ticket)
		order = append(order, "asked")
		if l.asked.Load() {
			t.Error("taken again, it is still asked for")
		}
		l.Release()
	})
	if len(order) != 2 || order[0] != "other" {
		t.Errorf("order %q", order)
	}
}

// One that takes the lock back before anybody else has had it changes nothing, and ends
// what was asked, as take_gil does.
func TestTakingItBackIsNoChange(t *testing.T) {
	var l Lock
	l.Take(Never)
	before := l.changes.Load()
	l.asked.Store(true)
	l.Take(l.Release()) // nobody waits: it must not wait for anyone
	if l.asked.Load() || l.changes.Load() != before {
		t.Error("taken back by the same thread, it counts as changed or is still asked for")
	}
	ticket := l.Release()
	threads(1, func(int) {
		l.Take(Never)
		l.Release()
	})
	if l.changes.Load() != before+1 {
		t.Errorf("taken by another thread, it counts %d changes after %d", l.changes.Load(), before)
	}
	if l.Take(ticket); l.changes.Load() != before+2 {
		t.Error("taken back after another thread had it, it counts as not changed")
	}
}

func BenchmarkUncontended(b *testing.B) {
	var l Lock
	l.Take(Never)
	for b.Loop() {
		l.Take(l.Release())
	}
}

func BenchmarkCheck(b *testing.B) {
	var l Lock
	l.Take(Never)
	for b.Loop() {
		l.Check()
	}
}

func ExampleLock() {
	var l Lock
	count := 0
	threads(2, func(int) {
		l.Take(Never)
		for range 1000 {
			count++
			l.Check() // in every turn of a loop
		}
		l.Block(func() { fmt.Print() }) // whatever may block
		l.Release()
	})
	fmt.Println(count)
	// Output: 2000
}
