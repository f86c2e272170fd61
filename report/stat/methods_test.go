package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The methods that the package comment holds the sign test against: each gives
// the 95 % interval of a centre.
var methods = []struct {
	name     string
	interval func(x []float64) (low, high float64)
}{
	{"sign test", func(x []float64) (float64, float64) {
		i := Values(x).Interval(Level)
		return i.Low, i.High
	}},
	{"t", func(x []float64) (float64, float64) { return trimmed(x, 0) }},
	{"Yuen", func(x []float64) (float64, float64) { return trimmed(x, len(x)/4) }},
	{"signed ranks", signedRanks},
}

// trimmed is Yuen's interval of a mean without cut values at each end; without
// any cut it is Student's.
func trimmed(x []float64, cut int) (low, high float64) {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	h := float64(n - 2*cut)
	center := mean(x[cut : n-cut])
	for i := range cut {
		x[i], x[n-1-i] = x[cut], x[n-1-cut]
	}
	m, squares := mean(x), 0.0
	for _, v := range x {
		squares += (v - m) * (v - m)
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: h - 1}.Quantile(0.975)
	half := t * math.Sqrt(squares/h/(h-1))
	return center - half, center + half
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// signedRanks inverts Wilcoxon's test: the mean of every two values, sorted, and
// of these the ones that the test leaves.
func signedRanks(x []float64) (low, high float64) {
	n := len(x)
	most := n * (n + 1) / 2
	orders := make([]float64, most+1)
	orders[0] = 1
	for rank := 1; rank <= n; rank++ {
		for sum := most; sum >= rank; sum-- {
			orders[sum] += orders[sum-rank]
		}
	}
	cut, tail := 0, 0.0
	for sum := range orders {
		if tail += math.Ldexp(orders[sum], -n); tail > 0.025 {
			break
		}
		cut = sum + 1
	}
	var means []float64
	for i := range x {
		for j := 0; j <= i; j++ {
			means = append(means, (x[i]+x[j])/2)
		}
	}
	slices.Sort(means)
	return means[max(cut, 1)-1], means[len(means)-max(cut, 1)]
}

// TestMethods makes the table of the package comment again (with -v), from fewer
// simulations. What it asserts is why the sign test was chosen: it covers what it
// promises where Yuen's does not, and stays narrow where t's and the signed
// ranks' do not.
func TestMethods(t *testing.T) {
	const tries = 2000
	half := map[string]float64{}
	covered := map[string]float64{}
	for _, c := range []struct {
		name   string
		rounds int
		one    func(*rand.Rand) float64
	}{
		{"normal", 10, func(r *rand.Rand) float64 { return 0.01 * r.NormFloat64() }},
		{"normal", 20, func(r *rand.Rand) float64 { return 0.01 * r.NormFloat64() }},
		{"heavy tails", 20, func(r *rand.Rand) float64 { return 0.01 * r.NormFloat64() / math.Sqrt(r.ExpFloat64()) }},
		{"one in ten slow", 10, slow(0.1)},
		{"one in ten slow", 20, slow(0.1)},
		{"one in five slow", 20, slow(0.2)},
		{"one in three slow", 20, slow(0.33)},
	} {
		for _, m := range methods {
			random := rand.New(rand.NewPCG(1, uint64(c.rounds)))
			hits := 0
			var widths []float64
			for range tries {
				x := make([]float64, c.rounds)
				for i := range x {
					x[i] = c.one(random) - c.one(random)
				}
				low, high := m.interval(x)
				if low <= 0 && 0 <= high {
					hits++
				}
				widths = append(widths, (high-low)/2)
			}
			slices.Sort(widths)
			rate, width := 100*float64(hits)/tries, 100*widths[tries/2]
			t.Logf("%-17s %d rounds  %-12s  %.1f %%  %.2f", c.name, c.rounds, m.name, rate, width)
			if c.rounds == 20 {
				half[c.name+m.name], covered[c.name+m.name] = width, rate
			}
			if m.name == "sign test" && (rate < 93 || rate > 97) {
				t.Errorf("%s, %d rounds: the sign test covers %.1f %%", c.name, c.rounds, rate)
			}
		}
	}
	if covered["one in three slowYuen"] < 98 {
		t.Error("Yuen's interval covers what it promises after all: it is the narrower one")
	}
	if half["one in five slowsign test"] > half["one in five slowt"]/2 || half["one in five slowsign test"] > half["one in five slowsigned ranks"]/2 {
		t.Error("with slow trials the sign test's interval is not the narrow one")
	}
	if half["normalsign test"] > 1.25*half["normalt"] {
		t.Error("with normal noise the sign test's interval is more than a quarter wider than t's")
	}
}
