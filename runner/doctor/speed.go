package doctor

import (
	"fmt"
	"slices"

	"parcon/runner/calm"
	"parcon/runner/clock"
)

// Steady is how much the same work wavers when it is repeated: how much longer
// the slowest tenth takes than the fastest, as a share. What a neighbour on the
// same processor does to caches, memory and frequency is seen here, and nowhere
// else from inside a virtual machine.
type Steady struct {
	Computing float64 // in registers
	Memory    float64 // through memoryWalk bytes
}

const (
	memoryWalk   = 8 << 20 // more than most cores have for themselves
	steadyBlocks = 200     // of about a millisecond each
)

// steadiness repeats two small pieces of work for less than half a second.
func steadiness() Steady {
	lines := make([]uint64, memoryWalk/8)
	for i := range lines {
		lines[i] = uint64(i)
	}
	var kept uint64
	s := Steady{
		Computing: wavering(func() {
			x := kept | 1
			for range 300_000 {
				x = x*6364136223846793005 + 1442695040888963407
			}
			kept += x
		}),
		Memory: wavering(func() {
			for i := 0; i < len(lines); i += 8 { // one of each cache line
				kept += lines[i]
			}
		}),
	}
	if kept == 1 {
		s.Computing++ // never: it keeps the compiler from leaving the work out
	}
	return s
}

func wavering(block func()) float64 {
	took := make([]int64, steadyBlocks)
	for i := range took {
		start := clock.Now()
		block()
		took[i] = clock.Now() - start
	}
	slices.Sort(took)
	return float64(took[steadyBlocks*9/10])/float64(max(1, took[steadyBlocks/10])) - 1
}

func speed(f Facts) Finding {
	r := Finding{Check: "speed", Why: "the more the machine wavers, the more rounds a run needs"}
	if !f.Steady.Known {
		return r.unknown("the same work was not repeated")
	}
	s := f.Steady.Value
	r.Seen = fmt.Sprintf("the same work repeated: the slowest tenth takes %.0f %% longer than the fastest, through memory %.0f %%", 100*s.Computing, 100*s.Memory)
	if calm.Unsteady(s.Computing, s.Memory) {
		return r.warn("if other programs are closed, something outside of this system shares its processor: measure at another time, or elsewhere")
	}
	return r.ok()
}
