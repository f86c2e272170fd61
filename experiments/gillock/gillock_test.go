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

// A request is for a change of hands. One that takes the lock back before anybody else has
// had it changes nothing.
func TestTakingItBackIsNoChange(t *testing.T) {
	var l Lock
	l.Take(Never)
	l.asked.Store(true)
	before := l.changes.Load()
	l.Take(l.Release())
	if !l.asked.Load() || l.changes.Load() != before {
		t.Error("taken back by the same thread, it counts as changed")
	}
	l.Check() // nobody waits: it must not wait for anyone
	ticket := l.Release()
	threads(1, func(int) {
		l.Take(Never)
		l.Release()
	})
	if l.asked.Load() || l.changes.Load() != before+1 {
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
