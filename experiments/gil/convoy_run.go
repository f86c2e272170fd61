package gil

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/gillock"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// A road is what requests share with those that compute.
type road struct {
	lock    *gillock.Lock // nil where Go's scheduler decides who runs
	threads bool          // each is locked to a thread of the kernel
	stop    atomic.Bool
	turns   []atomic.Int64 // of each that computes
	results []uint64       // of each, so that its work cannot be left out
	ended   sync.WaitGroup
}

// prepareRoad lets some compute, and makes requests beside them.
func prepareRoad(way string, load, requests int) (card.Session, error) {
	r := &road{threads: way == emulated || way == locked, turns: make([]atomic.Int64, load), results: make([]uint64, load)}
	if way == locked {
		r.lock = new(gillock.Lock)
	}
	for i := range load {
		r.ended.Go(func() { r.compute(i) })
	}
	if err := r.allCompute(); err != nil {
		return card.Session{}, errors.Join(err, r.end())
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return latency(r.requests(requests)), nil },
		Close: r.end,
	}, nil
}

// turn is how many steps are computed before the next look at whether it is time to stop:
// about a microsecond.
const turn = 1000

func (r *road) compute(me int) {
	defer r.onOwnThread()()
	x := uint64(me)
	for !r.stop.Load() {
		for range turn {
			x = x*6364136223846793005 + 1442695040888963407 // Knuth's MMIX
		}
		r.turns[me].Add(1)
		if r.lock != nil {
			r.lock.Check()
		}
	}
	r.results[me] = x
}

// onOwnThread locks the caller to its thread and takes the lock, if there are. What it
// returns undoes that.
func (r *road) onOwnThread() (leave func()) {
	if r.threads {
		runtime.LockOSThread()
	}
	if r.lock != nil {
		r.lock.Take(gillock.Never)
	}
	return func() {
		if r.lock != nil {
			r.lock.Release()
		}
		if r.threads {
			runtime.UnlockOSThread()
		}
	}
}

// requests makes n of them and returns how long each took.
func (r *road) requests(n int) []int64 {
	took := make([]int64, n)
	var all sync.WaitGroup
	all.Go(func() {
		defer r.onOwnThread()()
		for i := range took {
			asked := clock.Now()
			r.wait()
			took[i] = clock.Now() - asked
		}
	})
	all.Wait()
	return took
}

// wait is a request.
func (r *road) wait() {
	if r.lock == nil {
		time.Sleep(time.Millisecond)
		return
	}
	r.lock.Block(func() { time.Sleep(time.Millisecond) })
}

// allCompute returns when each has computed a turn.
func (r *road) allCompute() error {
	late := time.Now().Add(patience)
	for i := range r.turns {
		for r.turns[i].Load() == 0 {
			if time.Now().After(late) {
				return fmt.Errorf("computing beside requests: waited %v in vain until goroutine %d of %d computes", patience, i+1, len(r.turns))
			}
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// end stops those that compute.
func (r *road) end() error {
	r.stop.Store(true)
	r.ended.Wait()
	return nil
}

// latency is the quantiles of how long requests took, at least one, by nearest rank:
// below 100 of them the 99th hundredth is the longest.
func latency(took []int64) protocol.Measurement {
	sorted := slices.Sorted(slices.Values(took))
	var sum int64
	for _, each := range sorted {
		sum += each
	}
	rank := func(percent int) float64 { return float64(sorted[(len(sorted)*percent+99)/100-1]) }
	return protocol.Measurement{
		"ns/op": float64(sum) / float64(len(sorted)), requestHalf: rank(50), requestMost: rank(99),
	}
}
