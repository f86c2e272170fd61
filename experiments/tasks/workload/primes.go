package workload

var primes = Workload{
	Name: "primes", Kind: CPU, Sized: true,
	Doc: "counts primes by trial division: registers only, no memory, no garbage",
	New: func(p Params) (Task, error) {
		return func(seed uint64) (uint64, error) { return countPrimes(seed, p.Size, &p), nil }, nil
	},
}

// countPrimes tests size odd numbers above a million, other ones for each
// seed, and returns the sum of the primes among them. The ranges are close
// together, so that all seeds cost the same to within a few percent.
func countPrimes(seed uint64, size int, p *Params) uint64 {
	const first = 1_000_001
	n := uint64(first) + 2*seed*uint64(size)
	sum := seed
	for range size {
		p.Check()
		if isPrime(n) {
			sum += n
		}
		n += 2
	}
	return sum
}

// isPrime tests an odd n above 2.
func isPrime(n uint64) bool {
	for d := uint64(3); d*d <= n; d += 2 {
		if n%d == 0 {
			return false
		}
	}
	return true
}
