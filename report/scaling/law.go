package scaling

import (
	"math"

	"gonum.org/v1/gonum/optimize"
)

// A law is the speed-up of n workers by the Universal Scalability Law. With a
// kappa of 0 it is Amdahl's law, with sigma as the serial fraction.
type law struct{ one, sigma, kappa float64 }

func (l law) at(n float64) float64 {
	return l.one * n / (1 + l.sigma*(n-1) + l.kappa*n*(n-1))
}

// peak is the number of workers with the largest speed-up, and that speed-up.
// Without kappa the speed-up never falls: the peak is infinitely far, and its
// height the limit that the speed-up grows to.
func (l law) peak() (workers, speedup float64) {
	switch {
	case l.kappa > 0:
		n := max(1, math.Sqrt((1-l.sigma)/l.kappa))
		return n, l.at(n)
	case l.sigma > 0:
		return math.Inf(1), l.one / l.sigma
	}
	return math.Inf(1), math.Inf(1)
}

// A curve is the logarithm of a speed-up for each of some worker counts, which
// rise. It is NaN where a resample has none.
type curve struct{ workers, logs []float64 }

// amdahl is Amdahl's law nearest to the curve.
func (c curve) amdahl() law {
	sigma, _ := c.roughly([]float64{0})
	x := minimize([]float64{angle(sigma)}, func(x []float64) float64 {
		squares, _ := c.off(fraction(x[0]), 0)
		return squares
	})
	return c.law(fraction(x[0]), 0)
}

// usl is the Universal Scalability Law nearest to the curve. Kappa may have any
// size, so its rough size is the unit that it is searched for in.
func (c curve) usl() law {
	pairs := c.most() * c.most()
	sigma, unit := c.roughly([]float64{0.01 / pairs, 0.1 / pairs, 1 / pairs, 10 / pairs, 100 / pairs, 1000 / pairs})
	x := minimize([]float64{angle(sigma), 1}, func(x []float64) float64 {
		squares, _ := c.off(fraction(x[0]), unit*x[1]*x[1])
		return squares
	})
	return c.law(fraction(x[0]), unit*x[1]*x[1])
}

// roughly is where a search starts: the nearest law among some sigmas and the
// given kappas. From a start that is far off, the search may stop half way.
func (c curve) roughly(kappas []float64) (sigma, kappa float64) {
	least := math.Inf(1)
	for _, s := range []float64{0.001, 0.01, 0.1, 0.5, 0.9} {
		for _, k := range kappas {
			if squares, _ := c.off(s, k); squares < least {
				least, sigma, kappa = squares, s, k
			}
		}
	}
	return sigma, kappa
}

func (c curve) most() float64 { return c.workers[len(c.workers)-1] }

// off is the sum of the squared distances in logarithms between the curve and
// a law of that shape, and the logarithm of the speed-up of one worker that
// makes this sum the least: it is the mean distance, so it needs no search.
func (c curve) off(sigma, kappa float64) (squares, one float64) {
	shape, count := law{1, sigma, kappa}, 0.0
	for i, n := range c.workers {
		if !math.IsNaN(c.logs[i]) {
			e := c.logs[i] - math.Log(shape.at(n))
			squares, one, count = squares+e*e, one+e, count+1
		}
	}
	one /= count
	return max(0, squares-count*one*one), one
}

// law is the law of that shape nearest to the curve. A search comes as near to
// a bound as its tolerance, so what moves no speed-up by a millionth is 0.
func (c curve) law(sigma, kappa float64) law {
	const least = 1e-6
	n := c.most()
	if sigma*n < least {
		sigma = 0
	}
	if kappa*n*n < least {
		kappa = 0
	}
	_, one := c.off(sigma, kappa)
	return law{math.Exp(one), sigma, kappa}
}

// misfit is the largest relative distance between the curve and a law: 0.05 if
// it is off by 5 % at the worst count.
func (c curve) misfit(l law) float64 {
	worst := 0.0
	for i, n := range c.workers {
		worst = max(worst, math.Abs(c.logs[i]-math.Log(l.at(n))))
	}
	return math.Expm1(worst)
}

// fraction maps any number to 0 to 1, both included, so that a search without
// bounds finds what lies at a bound.
func fraction(angle float64) float64 { s := math.Sin(angle); return s * s }

// angle is the inverse of fraction.
func angle(fraction float64) float64 { return math.Asin(math.Sqrt(fraction)) }

// minimize is Nelder and Mead's search. It ends after 25 steps without progress:
// after 15 some laws were not found again. Where it fails, the start is what is left;
// no curve of finite numbers is known to make it fail.
func minimize(start []float64, f func([]float64) float64) []float64 {
	r, err := optimize.Minimize(optimize.Problem{Func: f}, start, &optimize.Settings{
		MajorIterations: 500,
		Converger:       &optimize.FunctionConverge{Absolute: 1e-11, Iterations: 25},
	}, &optimize.NelderMead{SimplexSize: 0.2})
	if err != nil {
		return start
	}
	return r.X
}
