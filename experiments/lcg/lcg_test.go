package lcg_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"parcon/experiments/lcg"
)

// However many steps, a leap leads to where they do, and so do leaps one after another.
func TestALeapLeadsToWhereStepsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, n := rapid.Uint64().Draw(t, "x"), rapid.IntRange(0, 5000).Draw(t, "n")
		part := rapid.IntRange(0, n).Draw(t, "part")
		want := lcg.Steps(x, n)
		if got := lcg.Leap(x, n); got != want {
			t.Fatalf("%d, want %d", got, want)
		}
		if got := lcg.Leap(lcg.Leap(x, part), n-part); got != want {
			t.Fatalf("in two leaps %d, want %d", got, want)
		}
	})
}

func Example() {
	fmt.Println(lcg.Steps(1, 1000) == lcg.Leap(1, 1000))
	// Output: true
}
