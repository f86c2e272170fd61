package clock_test

import (
	"fmt"
	"testing"

	"parcon/runner/clock"
)

func TestNowNeverGoesBack(t *testing.T) {
	last := clock.Now()
	for range 10_000 {
		now := clock.Now()
		if now < last {
			t.Fatalf("clock went from %d back to %d", last, now)
		}
		last = now
	}
}

func ExampleNow() {
	start := clock.Now()
	end := clock.Now()
	fmt.Println(end >= start)
	// Output: true
}
