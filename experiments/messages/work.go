package messages

// The work of producers, consumers and owners is a number of steps of a linear
// congruential generator (Knuth's MMIX), each of which waits for the one before: about
// 1.4 ns a step on the machine where the numbers of steps were chosen. It is the same
// work everywhere, and what it must come to is known without doing it.
const (
	factor = 6364136223846793005
	term   = 1442695040888963407
	// microsecond is how many steps take about one.
	microsecond = 700
)

// compute makes so many steps.
func compute(x uint64, steps int) uint64 {
	for range steps {
		x = x*factor + term
	}
	return x
}

// leap is what compute comes to, found in as many steps as their number has bits: two
// linear steps after each other are one (Brown, Random number generation with arbitrary
// strides, 1994).
func leap(x uint64, steps int) uint64 {
	f, t := uint64(factor), uint64(term)
	for ; steps > 0; steps /= 2 {
		if steps%2 == 1 {
			x = x*f + t
		}
		t += f * t
		f *= f
	}
	return x
}
