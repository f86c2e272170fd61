package scaling

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"parcon/report/stat"
)

// A value is the logarithm of one speed-up at the count of that index.
type value struct {
	count int
	log   float64
}

// A unit is what is resampled as one: the values of a round, or a single value.
type unit []value

// A sample is the speed-ups at some worker counts, which rise. Units are drawn
// from their own stratum: there is one of all rounds, or one for every count.
type sample struct {
	workers []float64
	strata  [][]unit
	logs    [][]float64 // by count; kept for the next draw
}

// newSample takes what counts from the points: counts from 1 to the number of
// cores, values that are finite and positive. It sorts units and values, so that
// their order cannot matter to what is drawn.
func newSample(points []Point, cores int) sample {
	points = slices.DeleteFunc(slices.Clone(points), func(p Point) bool {
		return p.Workers < 1 || p.Workers > cores || !slices.ContainsFunc(p.Speedups, usable)
	})
	var s sample
	for _, p := range points {
		s.workers = append(s.workers, float64(p.Workers))
	}
	slices.Sort(s.workers)
	s.workers = slices.Compact(s.workers)
	s.logs = make([][]float64, len(s.workers))

	if paired(points) {
		s.strata = [][]unit{make([]unit, len(points[0].Speedups))}
	} else {
		s.strata = make([][]unit, len(s.workers))
	}
	for _, p := range points {
		k, _ := slices.BinarySearch(s.workers, float64(p.Workers))
		for round, speedup := range p.Speedups {
			if !usable(speedup) {
				continue
			}
			v := value{k, math.Log(speedup)}
			if paired(points) {
				s.strata[0][round] = append(s.strata[0][round], v)
			} else {
				s.strata[k] = append(s.strata[k], unit{v})
			}
		}
	}
	for i, units := range s.strata {
		units = slices.DeleteFunc(units, func(u unit) bool { return len(u) == 0 })
		for _, u := range units {
			slices.SortFunc(u, byCount)
		}
		slices.SortFunc(units, func(a, b unit) int { return slices.CompareFunc(a, b, byCount) })
		s.strata[i] = units
	}
	return s
}

func usable(speedup float64) bool { return speedup > 0 && !math.IsInf(speedup, 1) }

func byCount(a, b value) int {
	return cmp.Or(cmp.Compare(a.count, b.count), cmp.Compare(a.log, b.log))
}

// paired says whether the points have rounds in common: as many samples each.
func paired(points []Point) bool {
	return len(points) > 0 && !slices.ContainsFunc(points, func(p Point) bool {
		return len(p.Speedups) != len(points[0].Speedups)
	})
}

// whole is the curve of all samples. It and resampled write over what the
// sample gave before.
func (s sample) whole() curve {
	return s.draw(func(i, _ int) int { return i })
}

// resampled is the curve of as many units from every stratum, drawn with
// replacement.
func (s sample) resampled(random *rand.Rand) curve {
	return s.draw(func(_, n int) int { return random.IntN(n) })
}

func (s sample) draw(pick func(i, n int) int) curve {
	for k := range s.logs {
		s.logs[k] = s.logs[k][:0]
	}
	for _, units := range s.strata {
		for i := range units {
			for _, v := range units[pick(i, len(units))] {
				s.logs[v.count] = append(s.logs[v.count], v.log)
			}
		}
	}
	c := curve{s.workers, make([]float64, len(s.workers))}
	for k, logs := range s.logs {
		c.logs[k] = center(logs)
	}
	return c
}

// center is the mean of the middle half, without the
// interval, which a resample does not need. It sorts its argument.
func center(x []float64) float64 {
	slices.Sort(x)
	cut := len(x) / 4
	sum := 0.0
	for _, v := range x[cut : len(x)-cut] {
		sum += v
	}
	return sum / float64(len(x)-2*cut) // NaN of nothing
}

// least is the smallest number of samples at a count, and that count.
func (s sample) least() (samples int, workers float64) {
	s.whole()
	for k, logs := range s.logs {
		if k == 0 || len(logs) < samples {
			samples, workers = len(logs), s.workers[k]
		}
	}
	return samples, workers
}

// tooLittle says why the sample cannot tell, or nothing.
func (s sample) tooLittle(cores int) string {
	if cores < MinCounts {
		return fmt.Sprintf("%s at most %s up to the number of cores; a law with two parameters needs at least %d",
			plural(max(0, cores), "core gives", "cores give"), plural(max(0, cores), "worker count", "worker counts"), MinCounts)
	}
	if n := len(s.workers); n < MinCounts {
		return fmt.Sprintf("%s measured up to the %d cores; a law with two parameters needs at least %d",
			plural(n, "worker count was", "worker counts were"), cores, MinCounts)
	}
	if n, workers := s.least(); n < stat.MinSamples {
		return fmt.Sprintf("%s measured with %s; an interval needs at least %d",
			plural(n, "speed-up was", "speed-ups were"), plural(int(workers), "worker", "workers"), stat.MinSamples)
	}
	return ""
}
