package scaling

import (
	"fmt"
	"math"

	"parcon/report/stat"
)

// String says the law in words, as a sentence without its full stop.
func (a Amdahl) String() string {
	return fmt.Sprintf("%s of the work is serial; the law is off by at most %s",
		words(a.Serial, percent), percent(a.Misfit))
}

// String says the law in words, as a sentence without its full stop.
func (u USL) String() string {
	return fmt.Sprintf("contention %s, coherency %s; %s; the law is off by at most %s",
		words(u.Sigma, percent), words(u.Kappa, percent), u.peak(), percent(u.Misfit))
}

// peak says where the speed-up stops growing, and no more than the interval does.
func (u USL) peak() string {
	var text string
	switch never := math.IsInf(u.Peak.High, 1); {
	case math.IsInf(u.Peak.Low, 1):
		return "more workers never slow it down"
	case never && math.IsInf(u.Peak.Estimate, 1):
		return fmt.Sprintf("no peak shows; if there is one, it is at %s workers or more", whole(u.Peak.Low))
	case never:
		text = fmt.Sprintf("it may peak at %s workers, at %s or more, or never", whole(u.Peak.Estimate), whole(u.Peak.Low))
	default:
		text = fmt.Sprintf("it peaks at %s workers, with a speed-up of %s", words(u.Peak, whole), words(u.Top, number))
	}
	if u.Peak.Estimate > float64(u.Most) {
		text += fmt.Sprintf(", beyond the %d workers that were measured", u.Most)
	}
	return text
}

// words writes an interval: "4.9 % (4.5 % to 5.3 %)".
func words(i stat.Interval, form func(float64) string) string {
	return fmt.Sprintf("%s (%s to %s)", form(i.Estimate), form(i.Low), form(i.High))
}

func whole(v float64) string { return fmt.Sprintf("%.0f", v) }

// number writes three significant digits without an exponent.
func number(v float64) string {
	digits := 0
	if a := math.Abs(v); a > 0 && a < 100 {
		digits = min(6, 2-int(math.Floor(math.Log10(a))))
	}
	return fmt.Sprintf("%.*f", digits, v)
}

func percent(share float64) string { return number(100*share) + " %" }

// plural writes "1 core gives" or "2 cores give".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
