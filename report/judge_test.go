package report

import (
	"math"
	"math/rand/v2"
	"testing"

	"parcon/report/stat"
)

// noises are what the logarithm of a round's ratio is like, with a median of zero.
var noises = map[string]func(*rand.Rand) float64{
	"normal":      func(r *rand.Rand) float64 { return 0.05 * r.NormFloat64() },
	"heavy tails": func(r *rand.Rand) float64 { return 0.05 * r.NormFloat64() / math.Sqrt(r.ExpFloat64()) },
	"one in five slow": func(r *rand.Rand) float64 {
		if r.Float64() < 0.2 {
			return 0.3 * r.Float64()
		}
		return 0.05 * (r.Float64() - 0.625) // five in eight of these, half of all, lie below zero
	},
	"skewed":               func(r *rand.Rand) float64 { return 0.1 * (r.ExpFloat64() - math.Ln2) },
	"skewed the other way": func(r *rand.Rand) float64 { return 0.1 * (math.Ln2 - r.ExpFloat64()) },
	"two kinds": func(r *rand.Rand) float64 {
		if r.Float64() < 0.5 {
			return -0.2 + 0.01*r.Float64()
		}
		return 0.02 * r.Float64()
	},
}

// However often one looks, and whenever one stops, the chance of any wrong verdict
// among the claims of a report is at most 5 %: here all of 69 lie exactly at their
// bounds, where to refute is wrong, and one looks after each of 200 rounds.
func TestWrongVerdictsAreRareHoweverOftenOneLooks(t *testing.T) {
	const reports, claims, rounds = 250, 69, 200
	for name, noise := range noises {
		random := rand.New(rand.NewPCG(5, 0))
		need := math.Log(defaultOdds(claims))
		wrong := 0
		for range reports {
			err := false
			for range claims {
				for n, outside := 1, 0; n <= rounds; n++ {
					if noise(random) < 0 { // the bound is "at least 1", and the truth is 1
						outside++
					}
					err = err || stat.LogOdds(n, outside) >= need
				}
			}
			if err {
				wrong++
			}
		}
		// With 5 % one of a thousand such tests would find more.
		if most := 0.05 + 3.1*math.Sqrt(0.05*0.95/reports); float64(wrong)/reports > most {
			t.Errorf("%s: %d of %d reports hold a wrong verdict", name, wrong, reports)
		}
	}
}

// The interval for one comparison covers the truth with 95 %, also at the moment at
// which a verdict is reached.
func TestIntervalsCoverTheTruthWhenARunEnds(t *testing.T) {
	const runs, most = 1500, 60
	for name, noise := range noises {
		random := rand.New(rand.NewPCG(6, 0))
		missed := 0
		for range runs {
			var x, ones []float64
			for len(x) < most {
				x, ones = append(x, math.Exp(0.03+noise(random))), append(ones, 1)
				s := stat.RatioSeries(x, ones)
				if s.Inside(1, math.Inf(1)) >= math.Log(900) || s.Outside(1, math.Inf(1))[0] >= math.Log(900) {
					break
				}
			}
			if i, _ := stat.RatioSeries(x, ones).Running(); i.Low > math.Exp(0.03) || i.High < math.Exp(0.03) {
				missed++
			}
		}
		if rate := float64(missed) / runs; rate > 0.05 {
			t.Errorf("%s: %.1f %% of the intervals miss the truth", name, 100*rate)
		}
	}
}

// The mean of the evidence against a claim is never more than its largest part, nor less
// than that over their number.
func TestMeanOfOdds(t *testing.T) {
	for _, c := range []struct {
		logs []float64
		want float64
	}{
		{[]float64{3}, 3},
		{[]float64{3, math.Inf(-1)}, 3 - math.Ln2},
		{[]float64{700, 700}, 700},
		{[]float64{5, math.Inf(1)}, math.Inf(1)},
		{nil, math.Inf(-1)},
	} {
		if got := mean(c.logs); math.Abs(got-c.want) > 1e-12 && got != c.want {
			t.Errorf("%v: %v, want %v", c.logs, got, c.want)
		}
	}
}
