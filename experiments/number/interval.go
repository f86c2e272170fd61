package number

import (
	"fmt"
	"math"
	"strings"
)

// An Interval is an estimate with its interval, from N samples. Where too few
// samples leave an end open it is infinite.
type Interval struct {
	Estimate, Low, High float64
	N                   int
}

// Known says whether the interval has two finite ends.
func (i Interval) Known() bool {
	return i.N > 0 && !math.IsInf(i.Low, 0) && !math.IsInf(i.High, 0) && !math.IsNaN(i.Estimate)
}

// HalfWidth is half the width of the interval relative to its estimate, for a
// ratio or a positive value.
func (i Interval) HalfWidth() float64 { return (i.High - i.Low) / 2 / i.Estimate }

// Over is the interval in a unit so many times as large.
func (i Interval) Over(unit float64) Interval {
	return Interval{i.Estimate / unit, i.Low / unit, i.High / unit, i.N}
}

// Inverse is so many divided by it: of the time of an operation how many fit into a
// time.
func (i Interval) Inverse(of float64) Interval {
	if !i.Known() {
		return Interval{of / i.Estimate, math.Inf(-1), math.Inf(1), i.N}
	}
	return Interval{of / i.Estimate, of / i.High, of / i.Low, i.N}
}

// In writes the estimate in a form, and the interval in the same one, but for the x of a
// ratio, which is said once: "1.98x (1.92 to 2.01)", "68.6k (58.1k to 79.8k)".
func (i Interval) In(form func(float64) string) string {
	if i.N == 0 {
		return "–"
	}
	if !i.Known() {
		return form(i.Estimate) + " (no interval)"
	}
	end := func(v float64) string { return strings.TrimSuffix(form(v), "x") }
	return fmt.Sprintf("%s (%s to %s)", form(i.Estimate), end(i.Low), end(i.High))
}

// Span writes a time in ns with its interval.
func (i Interval) Span() string {
	switch {
	case i.N == 0:
		return "–"
	case !i.Known():
		return Span(i.Estimate)
	}
	return fmt.Sprintf("%s (%s to %s)", Span(i.Estimate), Span(i.Low), Span(i.High))
}
