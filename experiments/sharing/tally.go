package sharing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// tally counts in several goroutines at once. Each has a number of its own, or
// in the way atomic they share one. The numbers of shard are padded, so that no
// two lie in one cache line; two lines are left between them, because a core
// fetches lines in pairs.
var tally = card.Card{
	Name: "tally", Doc: "thread-local counters, a dictionary keyed by thread, one shared counter",
	Keys: []card.Choice{
		{
			Key: "way", Values: []string{"shard", "mutex-map", "sync-map", "atomic"},
			Words: map[string]string{"shard": "one's own", "atomic": "one atomic", "mutex-map": "locked map", "sync-map": "sync.Map"},
		},
		{Key: "workers", Format: "x %s"},
	},
	Cases:  tallyCases,
	Claims: tallyClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		workers := t.Int("workers", 1)
		count, sum := tallies[t.Get("way")](workers)
		return card.Session{Run: func() (protocol.Measurement, error) {
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
	Label:    "counting",
	Sections: tallySections,
}

func tallySections() []section.Section {
	return []section.Section{{
		Topic: "A number of one's own", Claims: []string{"S7"},
		Form: section.Curves{
			Name:    "tally",
			Finding: []section.Clause{ownOver},
			Lines:   "way", Over: "workers",
			X: "workers", Y: "million increments per second",
			Value: func(s section.Samples, v variant.Variant) number.Interval {
				return section.PerSecond(s, v).Over(1e6)
			},
			Subtitle: "A worker is a goroutine that counts. Maps have a counter for each worker; the atomic one is one for all.",
			Note:     section.Medians + " " + section.Paired,
			Beside:   ownBusy,
		},
	}}
}

func tallied(way string, workers int) variant.Variant {
	return card.Of("tally", "way", way, "workers", card.Itoa(workers))
}

// tallyOps is how many increments a trial makes: a few milliseconds of them, as the ways
// differ by more than any noise. Those of one's own take 30: until a second core has woken
// up to one may pass, and that is no cost of theirs.
var (
	tallyWays = []string{"shard", "mutex-map", "sync-map", "atomic"}
	tallyOps  = map[string]int{"shard": 100_000_000, "mutex-map": 300_000, "sync-map": 50_000, "atomic": 1_000_000}
)

func tallyCases(s card.Scale) []card.Case {
	w := several(s.Cores)
	counts := []int{1, w}
	if s.Depth >= card.Standard {
		counts = []int{1, w, 4 * w}
	}
	var cases []card.Case
	for _, way := range tallyWays {
		for _, n := range counts {
			cases = append(cases, card.Run(tallyOps[way], tallied(way, n)))
		}
	}
	return append(cases, card.Second(card.Run(tallyOps["mutex-map"], tallied("mutex-map", 1))))
}

func tallyClaims(s card.Scale) []card.Claim {
	local := card.Claim{
		ID: "S7", Text: "A counter of each worker's own needs no lock and beats a shared map, a sync.Map and one atomic counter",
		Caveat: "A worker finds its own counter once; in a map it looks its place up each time, which is part of what a map costs.",
		Needs:  []card.Need{card.Cores},
	}
	w := several(s.Cores)
	for _, way := range tallyWays[1:] {
		local.Comparisons = append(local.Comparisons, card.Is(card.Throughput, tallied("shard", w), card.More, tallied(way, w)))
	}
	return []card.Claim{local}
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

// ownOver says how much faster counters of one's own are, with as many workers as
// cores.
func ownOver(s section.Samples) string {
	counts := s.Values("workers")
	if len(counts) == 0 {
		return ""
	}
	workers := counts[0]
	if n := strconv.Itoa(max(2, s.Cores)); slices.Contains(counts, n) {
		workers = n
	}
	over := func(way, format string) section.Clause {
		return section.Folded("ns/op", format, section.Pick{"way", way, "workers", workers}, section.Pick{"way", "shard", "workers", workers})
	}
	return section.Lean(
		over("atomic", "with "+workers+" workers a counter of one's own is %s as fast as one atomic counter"),
		over("mutex-map", "%s as a locked map"),
		over("sync-map", "%s as a sync.Map"))(s)
}

func ownBusy(s section.Samples) string {
	var cores []string
	for _, v := range s.With("way", "shard") {
		if i := s.Busy(v); i.N > 0 {
			cores = append(cores, fmt.Sprintf("%s with %s", number.Short(i.Estimate), v.Get("workers")))
		}
	}
	if len(cores) == 0 {
		return ""
	}
	return fmt.Sprintf("Cores busy, by the number of workers that count on their own: %s.", strings.Join(cores, ", "))
}
