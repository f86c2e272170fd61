package scaling

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"parcon/report/stat"
)

// A Point is the speed-ups over the baseline with a number of workers, one of
// every round: Speedups[i] is of round i, NaN if that round has none. Points
// with the same number of workers are one point with more samples.
type Point struct {
	Workers  int
	Speedups []float64
}

// Laws are both laws, fitted to the same speed-ups.
type Laws struct {
	Amdahl Amdahl
	USL    USL
}

// Amdahl is Amdahl's law: S(n) = One / (Serial + (1-Serial)/n).
type Amdahl struct {
	One    stat.Interval // the speed-up of one worker over the baseline
	Serial stat.Interval // the share of the work that only one worker can do, 0 to 1
	Misfit float64       // how far the law is from the speed-up at the worst count: 0.05 is 5 %
}

// USL is the Universal Scalability Law: S(n) = One n / (1 + Sigma (n-1) + Kappa n (n-1)).
type USL struct {
	One    stat.Interval // the speed-up of one worker over the baseline
	Sigma  stat.Interval // contention: what is waited for in a queue, 0 to 1
	Kappa  stat.Interval // coherency: what every pair of workers costs, 0 or more
	Peak   stat.Interval // the number of workers with the largest speed-up; +Inf: it never falls
	Top    stat.Interval // the largest speed-up; if it never falls, the limit that it grows to
	Misfit float64       // how far the law is from the speed-up at the worst count: 0.05 is 5 %
	Most   int           // the largest number of workers that was fitted
}

// MinCounts is the least number of different worker counts for a fit: with
// fewer, two shape parameters and the speed-up of one worker pass through all.
const MinCounts = 4

// resamples is how many an interval is made of: enough for the ends to wander
// little, and both fits take about 0.2 s.
const resamples = 500

// Fit fits both laws to the points with up to as many workers as cores; more
// workers take turns on the cores, which neither law is about. If the points
// cannot tell, it says why in a sentence without its full stop, and the laws
// are zero. The same points, in any order, and seed give the same laws.
func Fit(points []Point, cores int, seed uint64) (laws Laws, declined string) {
	s := newSample(points, cores)
	if why := s.tooLittle(cores); why != "" {
		return Laws{}, why
	}
	return fit(s, seed, resamples), ""
}

func fit(s sample, seed uint64, resamples int) Laws {
	measured := s.whole()
	amdahl, usl := measured.amdahl(), measured.usl()

	var drawn [7][]float64
	random := rand.New(rand.NewPCG(seed, 0))
	for range resamples {
		c := s.resampled(random)
		for k, v := range figures(c.amdahl(), c.usl()) {
			drawn[k] = append(drawn[k], v)
		}
	}
	n, _ := s.least()
	var i [7]stat.Interval
	for k, v := range figures(amdahl, usl) {
		i[k] = interval(v, drawn[k], n)
	}
	return Laws{
		Amdahl{One: i[0], Serial: i[1], Misfit: measured.misfit(amdahl)},
		USL{
			One: i[2], Sigma: i[3], Kappa: i[4], Peak: i[5], Top: i[6],
			Misfit: measured.misfit(usl), Most: int(measured.most()),
		},
	}
}

// figures are the numbers that get an interval.
func figures(amdahl, usl law) [7]float64 {
	peak, top := usl.peak()
	return [...]float64{amdahl.one, amdahl.sigma, usl.one, usl.sigma, usl.kappa, peak, top}
}

// interval is Hesterberg's expanded percentile interval of an estimate from n
// samples. It takes the values as they are, not between two, since they may be
// infinite; and it holds the estimate, also where all resamples lie to one side.
func interval(estimate float64, drawn []float64, n int) stat.Interval {
	slices.Sort(drawn)
	cut := int(tail(n) * float64(len(drawn)))
	return stat.Interval{
		Estimate: estimate,
		Low:      min(estimate, drawn[cut]),
		High:     max(estimate, drawn[len(drawn)-1-cut]),
		N:        n,
	}
}

// tail is the share of resamples beyond either end of a 95 % interval, such
// that the interval of a mean would be as wide as Student's.
func tail(n int) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}.Quantile(0.025)
	return distuv.UnitNormal.CDF(t * math.Sqrt(float64(n)/float64(n-1)))
}

// At is the speed-up of n workers, 1 or more.
func (a Amdahl) At(n float64) float64 { return law{a.One.Estimate, a.Serial.Estimate, 0}.at(n) }

// At is the speed-up of n workers, 1 or more.
func (u USL) At(n float64) float64 {
	return law{u.One.Estimate, u.Sigma.Estimate, u.Kappa.Estimate}.at(n)
}
