package costs

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkGoroutineOverGoStatement says how much more the loop of create costs
// than a go statement written by hand, joined by a channel or by a WaitGroup.
// Blocks of the three alternate, so that a slow spell of the machine hits all;
// the ratio is the median over the blocks.
func BenchmarkGoroutineOverGoStatement(b *testing.B) {
	const block = 2000
	unit := goroutines()
	loop := func() {
		for i := range block {
			if err := unit(i); err != nil {
				b.Fatal(err)
			}
		}
	}
	channel := func() {
		done := make(chan int)
		for i := range block {
			go func() { done <- i }()
			<-done
		}
	}
	group := func() {
		var wg sync.WaitGroup
		for range block {
			wg.Add(1)
			go func() { wg.Done() }()
			wg.Wait()
		}
	}
	ways := []func(){loop, channel, group}
	took := make([][]float64, len(ways))
	for n := range max(b.N/block, 9) {
		for k := range ways {
			way := (n + k) % len(ways)
			start := time.Now()
			ways[way]()
			took[way] = append(took[way], float64(time.Since(start)))
		}
	}
	ratio := func(way int) float64 {
		ratios := make([]float64, len(took[0]))
		for i := range ratios {
			ratios[i] = took[0][i] / took[way][i]
		}
		slices.Sort(ratios)
		return ratios[len(ratios)/2]
	}
	b.ReportMetric(ratio(1), "x-channel")
	b.ReportMetric(ratio(2), "x-waitgroup")
}
