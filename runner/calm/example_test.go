package calm_test

import (
	"fmt"
	"time"

	"parcon/runner/calm"
)

// Three looks at a machine, of which one fell into a bad minute.
func ExampleOf() {
	began := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	seen := calm.Of([]calm.Look{
		{At: began, Computing: 0.02, Memory: 0.04, Cores: 2},
		{At: began.Add(90 * time.Second), Computing: 0.14, Memory: 0.05, Busy: 0.06, Cores: 2},
		{At: began.Add(3 * time.Minute), Computing: 0.03, Memory: 0.06, Cores: 2},
	}, began)
	fmt.Println(seen)
	// Output:
	// The machine was restless. It was looked at 3 times between trials: the slowest tenth of the same work took 3 % longer than the fastest (worst look 14 %, in minute 2), through memory 5 %; other programs kept 0.02 cores busy; 1 of the looks would have stopped a strict doctor.
}
