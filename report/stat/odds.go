package stat

import (
	"math"
	"slices"
	"sort"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"
)

// LogOdds is the logarithm of the evidence that k of n rounds on the right side of a
// bound are against "a round is as likely to lie on the wrong side", or likelier: of
// the sign test as a bet, whose stake grows by what it wins. It may be looked at after
// every round: the chance that it ever reaches e^x where there is nothing to find is at
// most e^-x (Ville, Étude critique de la notion de collectif, 1939). Nothing is asked of
// the noise but that, given the rounds before, the wrong side has at most half of the
// chance: neither symmetry nor moments.
//
// Half of the stake is bet on all chances of the right side from 1/2 to 1 alike, half on
// 0.97, which saves two rounds where all is clear (Howard, Ramdas, McAuliffe and Sekhon,
// Time-uniform, nonparametric, nonasymptotic confidence sequences, Annals of Statistics
// 49, 2021). Bets on how far rounds lie from the bound would win faster, and are wrong
// under skewed noise.
func LogOdds(n, k int) float64 {
	if n <= looks {
		return early()[max(n, 0)][k]
	}
	return logOdds(n, k)
}

// early are the odds of all that can be seen as long as one looks after every round.
var early = sync.OnceValue(func() [][]float64 {
	odds := make([][]float64, looks+1) // no array, which each call would copy
	for n := range odds {
		for k := range n + 1 {
			odds[n] = append(odds[n], logOdds(n, k))
		}
	}
	return odds
})

func logOdds(n, k int) float64 {
	if n <= 0 {
		return 0
	}
	clear := float64(k)*math.Log(2*mostly) + float64(n-k)*math.Log(2*(1-mostly))
	all := float64(n+1)*math.Ln2 - choose(n, k) - math.Log(float64(n+1)) + math.Log(signTail(n+1, k+1))
	high, low := max(clear, all), min(clear, all)
	return high + math.Log1p(math.Exp(low-high)) - math.Ln2
}

// mostly is the chance of the right side that half of the stake is bet on.
const mostly = 0.97

// mostWrong is how many of n rounds may lie on the wrong side where the evidence is to
// reach odds of x to 1; -1 if n rounds cannot.
func mostWrong(n int, x float64) int {
	need := math.Log(x)
	return sort.Search(n+1, func(w int) bool { return LogOdds(n, n-w) < need }) - 1
}

// Further is how many more rounds would raise the odds by what is missing (a logarithm) if
// they fall as the k of n so far: infinite if that is nowhere.
func Further(n, k int, missing float64) float64 {
	p := (float64(k) + 0.5) / float64(n+1)
	if p <= 0.5 {
		return math.Inf(1)
	}
	return max(1, missing/gain(p))
}

// gain is how much a round adds to the logarithm of the odds, once their stake has
// found the chance p of the right side: the divergence from 1/2.
func gain(p float64) float64 {
	if p >= 1 {
		return math.Ln2
	}
	return math.Ln2 + p*math.Log(p) + (1-p)*math.Log1p(-p)
}

// Hopeless says that k of n rounds will hardly ever lead to what is needed (a logarithm):
// not within some sixty further rounds even at a chance of the right side that only one
// in a hundred would exceed. To give up cannot make a verdict wrong.
func Hopeless(n, k int, need float64) bool {
	if n < 12 {
		return false
	}
	p := distuv.Beta{Alpha: float64(k) + 0.5, Beta: float64(n-k) + 0.5}.Quantile(0.99)
	return p <= 0.5 || (need-LogOdds(n, k)+1.5)/gain(p) > 60
}

// Least is how many rounds it takes to reach odds of x to 1, if all lie on the right side.
func Least(x float64) int { return Fewest(0, 0, math.Log(x)) }

// Fewest is how many rounds after k of n it takes to reach what is needed (a logarithm), if
// all of these lie on the right side.
func Fewest(n, k int, need float64) int {
	return sort.Search(1000, func(more int) bool { return LogOdds(n+more, k+more) >= need })
}

// A Series is what the rounds of a comparison gave, in their order: it is the evidence
// of values, or of ratios, each of which stands for one round. A round in which a side
// failed has no value, and counts as one on the wrong side of every bound.
type Series struct {
	x      []float64 // in order; NaN for one that failed
	ratio  bool      // they are logarithms of ratios
	sorted []float64 // those that are numbers
}

// SeriesOf makes one of values; NaN stands for a round that failed.
func SeriesOf(values []float64) Series { return seriesOf(values, false) }

// RatioSeries makes one of the ratios a[i]/b[i]: where one of them is no positive number
// the round failed.
func RatioSeries(a, b []float64) Series { return ratios(a, b, math.SmallestNonzeroFloat64) }

// ZeroRatios makes one in which zero is a value like others: over zero a ratio is
// infinite, of two zeros it is 1.
func ZeroRatios(a, b []float64) Series { return ratios(a, b, 0) }

func ratios(a, b []float64, least float64) Series {
	logs := make([]float64, min(len(a), len(b)))
	for i := range logs {
		switch {
		case !(a[i] >= least && b[i] >= least) || math.IsInf(a[i]+b[i], 0):
			logs[i] = math.NaN()
		case a[i] != b[i]:
			logs[i] = math.Log(a[i]) - math.Log(b[i])
		}
	}
	return seriesOf(logs, true)
}

func seriesOf(x []float64, ratio bool) Series {
	sorted := slices.DeleteFunc(slices.Clone(x), math.IsNaN)
	slices.Sort(sorted)
	return Series{x, ratio, sorted}
}

// N is the number of rounds, failed ones too.
func (s Series) N() int { return len(s.x) }

// Spread is by how much a round strays from the others: half of the width of the middle
// two thirds, as the standard deviation of normal noise whose order statistics these
// would be (Blom, Statistical estimates and transformed beta-variables, 1958), relative
// for a ratio.
func (s Series) Spread() float64 {
	n := len(s.sorted)
	if n < 2 {
		return math.NaN()
	}
	half := (s.sorted[n-1-n/6] - s.sorted[n/6]) / 2
	half /= -distuv.UnitNormal.Quantile((float64(n/6) + 0.625) / (float64(n) + 0.25))
	if s.ratio {
		return math.Expm1(half)
	}
	return half / math.Abs(s.sorted[n/2])
}

// Inside is the logarithm of the odds for "the median lies within low and high" against
// "it does not": those of the weaker end. An end that is open (0 or +Inf) is no end.
func (s Series) Inside(low, high float64) float64 { return LogOdds(s.N(), s.RightInside(low, high)) }

// Highest is the highest that these odds were after any round, at each end. That they
// ever get so high is what Ville's bound is on: what was once decided stays, whatever
// rounds that nobody needed follow.
func (s Series) Highest(low, high float64) float64 {
	odds := math.Inf(1)
	if low > 0 {
		c := s.scale(low)
		odds = min(odds, s.peak(func(x float64) bool { return x >= c }))
	}
	if !math.IsInf(high, 1) {
		c := s.scale(high)
		odds = min(odds, s.peak(func(x float64) bool { return x <= c }))
	}
	return odds
}

// peak is the most that the odds were at any look.
func (s Series) peak(right func(x float64) bool) float64 {
	odds, k := 0.0, 0
	for i, x := range s.x {
		if right(x) {
			k++
		}
		if n := i + 1; n <= looks || n == len(s.x) {
			odds = max(odds, LogOdds(n, k))
		}
	}
	return odds
}

// Outside is that for "the median lies beyond an end", at each end of the bound.
func (s Series) Outside(low, high float64) []float64 {
	var odds []float64
	for _, right := range s.beyond(low, high) {
		odds = append(odds, LogOdds(len(s.x), right))
	}
	return odds
}

// Course is what Outside was after each round, nil where nobody looked: of a long series
// at its end alone. The mean of several such bets is one, and Ville's bound is on the
// highest that it ever gets; the mean of the highest of each is none.
func (s Series) Course(low, high float64) [][]float64 {
	var wrong []func(x float64) bool
	if c := s.scale(low); low > 0 {
		wrong = append(wrong, func(x float64) bool { return x < c })
	}
	if c := s.scale(high); !math.IsInf(high, 1) {
		wrong = append(wrong, func(x float64) bool { return x > c })
	}
	course, beyond := make([][]float64, len(s.x)), make([]int, len(wrong))
	for i, x := range s.x {
		for end, is := range wrong {
			if is(x) {
				beyond[end]++
			}
		}
		if n := i + 1; n <= looks || n == len(s.x) {
			for _, k := range beyond {
				course[i] = append(course[i], LogOdds(n, k))
			}
		}
	}
	return course
}

// RightInside and RightOutside are the rounds that these odds rest on: those of the
// weaker end, and of the stronger.
func (s Series) RightInside(low, high float64) int { return len(s.sorted) - s.RightOutside(low, high) }

// RightOutside is at whichever end more rounds lie.
func (s Series) RightOutside(low, high float64) int {
	return slices.Max(append(s.beyond(low, high), 0))
}

// beyond counts the rounds beyond each end.
func (s Series) beyond(low, high float64) (ends []int) {
	if low > 0 {
		ends = append(ends, s.below(low))
	}
	if !math.IsInf(high, 1) {
		ends = append(ends, s.above(high))
	}
	return ends
}

// below and above count the values on either side of c.
func (s Series) below(c float64) int {
	i, _ := slices.BinarySearch(s.sorted, s.scale(c))
	return i
}

func (s Series) above(c float64) int {
	c = s.scale(c)
	return len(s.sorted) - sort.Search(len(s.sorted), func(i int) bool { return s.sorted[i] > c })
}

func (s Series) scale(c float64) float64 {
	if s.ratio {
		return math.Log(max(c, 0))
	}
	return c
}

// Sure is the same evidence inverted: the interval of the values that were not ruled out
// after any round, at odds of x to 1 at either end. It lies within a bound exactly when
// Highest says so; agree as of Running.
func (s Series) Sure(x float64) (i Interval, agree bool) {
	return s.common(func(n int) int { return mostWrong(n, x) })
}

// inner is the interval that so many of n rounds may lie beyond, at either end, of
// those of them that have a value, which are sorted.
func inner(sorted []float64, n, wrong int) Interval {
	i := Interval{Estimate: math.NaN(), Low: math.Inf(-1), High: math.Inf(1), N: len(sorted)}
	if len(sorted) > 0 {
		i.Estimate = sorted[(len(sorted)-1)/2]/2 + sorted[len(sorted)/2]/2
	}
	// A round that failed is wrong at both ends.
	if w := wrong - (n - len(sorted)); w >= 0 && w < len(sorted) {
		i.Low, i.High = sorted[w], sorted[len(sorted)-1-w]
	}
	return i
}

func (s Series) unscaled(i Interval) Interval {
	if s.ratio {
		i.Estimate, i.Low, i.High = math.Exp(i.Estimate), math.Exp(i.Low), math.Exp(i.High)
		if i.Low == 0 && math.IsInf(i.High, 1) {
			i.Low = math.Inf(-1) // open, as that of values
		}
	}
	return i
}

// Median is the estimate alone.
func (s Series) Median() float64 { return s.unscaled(inner(s.sorted, 0, -1)).Estimate }

// Visible is the smallest difference from a ratio of 1, as a factor above 1, that nine
// in ten repetitions of the same measurement would tell at odds of x to 1.
func (s Series) Visible(x float64) float64 { return s.visible(mostWrong(len(s.x), x)) }

// visible is that where so many rounds may lie on the wrong side, if the noise near its
// middle is as normal noise is: with a difference of so many standard deviations of a
// round no more do in nine of ten repetitions. It is infinite where so few rounds tell
// nothing, NaN beside zeros.
func (s Series) visible(wrong int) float64 {
	n := len(s.x)
	if wrong < 0 || len(s.sorted) == 0 {
		return math.Inf(1)
	}
	if math.IsInf(s.sorted[0], 0) || math.IsInf(s.sorted[len(s.sorted)-1], 0) {
		return math.NaN()
	}
	share := distuv.Beta{Alpha: float64(wrong + 1), Beta: float64(n - wrong)}.Quantile(1 - nineInTen)
	return math.Exp(distuv.UnitNormal.Quantile(1-share) * math.Log1p(s.Spread()))
}

// nineInTen is how often a visible difference is told.
const nineInTen = 0.9

// looks is after how many rounds one looks at each: of longer series only at the end.
const looks = 200

// runningOdds are those of either end of a running interval, and runningWrong how many of
// so many rounds may lie beyond it.
const runningOdds = 2 / (1 - Level)

var runningWrong = sync.OnceValue(func() []int {
	most := make([]int, looks+1)
	for n := range most {
		most[n] = mostWrong(n, runningOdds)
	}
	return most
})

// Running is the interval that covers the median with probability Level whenever one
// looks: what is common to those after each of the rounds so far. Where they have nothing
// in common, as one series in twenty may by chance, it is the last of them.
func (s Series) Running() Interval {
	most := runningWrong()
	wrong := func(n int) int {
		if n < len(most) {
			return most[n]
		}
		return mostWrong(n, runningOdds)
	}
	i, agree := s.common(wrong)
	if !agree {
		i = s.unscaled(inner(s.sorted, len(s.x), wrong(len(s.x))))
	}
	return i
}

// common is what the intervals after each round have in common, if of n rounds so many
// may lie beyond either end.
func (s Series) common(wrong func(n int) int) (i Interval, agree bool) {
	var sorted []float64
	i = Interval{Estimate: math.NaN(), Low: math.Inf(-1), High: math.Inf(1)}
	low, high := i.Low, i.High
	for n, v := range s.x[:min(len(s.x), looks)] {
		if !math.IsNaN(v) {
			at, _ := slices.BinarySearch(sorted, v)
			sorted = slices.Insert(sorted, at, v)
		}
		i = inner(sorted, n+1, wrong(n+1))
		low, high = max(low, i.Low), min(high, i.High)
	}
	if len(s.x) > looks {
		i = inner(s.sorted, len(s.x), wrong(len(s.x)))
		low, high = max(low, i.Low), min(high, i.High)
	}
	i.Low, i.High = low, high
	return s.unscaled(i), low <= high
}
