package forecast_test

import (
	"fmt"

	"parcon/experiments/forecast"
)

// Tasks that wait 5 ms, a queue that takes 20 µs for each: it is full at 250 workers.
func Example() {
	s := forecast.System{Queue: 20e3, Master: 2e3, Worker: 10e3, Length: 5e6, Waits: true, Hop: 100e3, Prefetch: 64, Streams: 1}
	for _, s.Workers = range []int{10, 100, 1_000, 100_000} {
		full, open, err := s.Predict(0.8, 1)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d workers: %.2g tasks/s, the limit: %s; p99 over 5 ms at 80 %% of that: %v\n", s.Workers, full.Throughput, full.Limit(), open.P99 > 5e6)
	}
	// Output:
	// 10 workers: 2e+03 tasks/s, the limit: workers; p99 over 5 ms at 80 % of that: true
	// 100 workers: 2e+04 tasks/s, the limit: workers; p99 over 5 ms at 80 % of that: true
	// 1000 workers: 5e+04 tasks/s, the limit: queue; p99 over 5 ms at 80 % of that: true
	// 100000 workers: 5e+04 tasks/s, the limit: queue; p99 over 5 ms at 80 % of that: true
}
