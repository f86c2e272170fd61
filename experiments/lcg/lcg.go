// Package lcg is computing whose result is known without doing it: steps of a linear
// congruential generator (Knuth's MMIX). Each step waits for the one before, so they keep
// a core busy, about 1.4 ns for a step at 3 GHz, and touch no memory.
package lcg

const (
	factor = 6364136223846793005
	addend = 1442695040888963407
)

// Steps makes n steps from x on, and returns where they lead.
func Steps(x uint64, n int) uint64 {
	for range n {
		x = x*factor + addend
	}
	return x
}

// Leap returns the same, found in as many steps as n has bits: n steps are one of another
// factor and addend, which are made by squaring (F. Brown, Random number generation with
// arbitrary strides, 1994).
func Leap(x uint64, n int) uint64 {
	f, a := uint64(factor), uint64(addend)
	for ; n > 0; n /= 2 {
		if n%2 == 1 {
			x = x*f + a
		}
		f, a = f*f, a*f+a
	}
	return x
}
