package workload

var primes = Workload{
	Name: "primes", Kind: CPU, Sized: true,
	Doc: "counts primes by trial division: registers only, no memory, no garbage",
	New: func(p Params) (Task, error) {
		return func(seed uint64) (uint64, error) { return countPrimes(seed, p.Size, &p), nil }, nil
	},
}

// The numbers that are tested: odd ones above a million. They begin again after three
// million, so that a long task costs what its length says, and not more for each seed: the
// time of a number grows with its root.
const (
	firstNumber = 1_000_001
	lastNumber  = firstNumber + 2<<20
)

// countPrimes tests size numbers, other ones for each seed as long as there are, and
// returns the sum of the primes among them. All seeds cost the same to within a few
// percent.
func countPrimes(seed uint64, size int, p *Params) uint64 {
	n := firstNumber + 2*seed*uint64(size)%(lastNumber-firstNumber)
	sum := seed
	for range size {
		p.Check()
		if isPrime(n) {
			sum += n
		}
		if n += 2; n == lastNumber {
			n = firstNumber
		}
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
