package sharing

import (
	"fmt"
	"sync"
	"sync/atomic"

	"parcon/experiments/mechanism"
	"parcon/runner/protocol"
)

// tally counts in several goroutines at once. Each has a number of its own, or
// in the way atomic they share one. The numbers of shard are padded, so that no
// two lie in one cache line; two lines are left between them, because a core
// fetches lines in pairs.
var tally = mechanism.Mechanism{
	Name: "tally", Doc: "thread-local counters, a dictionary keyed by thread, one shared counter",
	Keys: []mechanism.Choice{
		{Key: "way", Values: []string{"shard", "mutex-map", "sync-map", "atomic"}},
		{Key: "workers"},
	},
	Prepare: func(t mechanism.Trial) (mechanism.Session, error) {
		workers := t.Int("workers", 1)
		count, sum := tallies[t.Get("way")](workers)
		return mechanism.Session{Run: func() (protocol.Measurement, error) {
			var running sync.WaitGroup
			for w := range workers {
				running.Go(func() { count(w, share(t.Ops, workers, w)) })
			}
			running.Wait()
			if got := sum(); got != int64(t.Ops) {
				return nil, fmt.Errorf("the sum of %d increments is %d", t.Ops, got)
			}
			return nil, nil
		}}, nil
	},
}

// tallies make, for a number of workers, what counts up to n for one of them
// and what adds up all.
var tallies = map[string]func(workers int) (count func(worker, n int), sum func() int64){
	"shard": func(workers int) (func(int, int), func() int64) {
		shards := make([]struct {
			n int64
			_ [120]byte
		}, workers)
		count := func(worker, n int) {
			for own := &shards[worker].n; n > 0; n-- {
				*own++
			}
		}
		return count, func() (sum int64) {
			for i := range shards {
				sum += shards[i].n
			}
			return sum
		}
	},
	"mutex-map": func(int) (func(int, int), func() int64) {
		var lock sync.Mutex
		numbers := map[int]int64{}
		count := func(worker, n int) {
			for range n {
				lock.Lock()
				numbers[worker]++
				lock.Unlock()
			}
		}
		return count, func() (sum int64) {
			for _, n := range numbers {
				sum += n
			}
			return sum
		}
	},
	"sync-map": func(int) (func(int, int), func() int64) {
		var numbers sync.Map
		count := func(worker, n int) {
			for range n {
				old, _ := numbers.Load(worker)
				number, _ := old.(int64) // 0 the first time
				numbers.Store(worker, number+1)
			}
		}
		return count, func() (sum int64) {
			for _, n := range numbers.Range {
				sum += n.(int64)
			}
			return sum
		}
	},
	"atomic": func(int) (func(int, int), func() int64) {
		var number atomic.Int64
		count := func(_, n int) {
			for range n {
				number.Add(1)
			}
		}
		return count, number.Load
	},
}
