package chart

import (
	"math"
	"slices"
	"strconv"
)

// scale maps numbers lo..hi onto the places from..to, in points.
type scale struct {
	lo, hi   float64
	from, to float64
	log      bool
}

// at is the place of v. What lies outside is moved to the nearest end.
func (s scale) at(v float64) float64 {
	v = min(max(v, s.lo), s.hi)
	t := (v - s.lo) / (s.hi - s.lo)
	if s.log {
		t = math.Log(v/s.lo) / math.Log(s.hi/s.lo)
	}
	if !finite(t) {
		t = 0
	}
	return s.from + t*(s.to-s.from)
}

// span collects the range of the numbers which can be drawn.
type span struct {
	lo, hi float64
	log    bool
	any    bool
}

func (s *span) add(values ...float64) {
	for _, v := range values {
		if !drawable(v, s.log) {
			continue
		}
		if !s.any {
			s.lo, s.hi, s.any = v, v, true
		}
		s.lo, s.hi = min(s.lo, v), max(s.hi, v)
	}
}

// addInterval adds an estimate and its bar.
func (s *span) addInterval(i Interval) {
	if !drawable(i.Estimate, s.log) {
		return
	}
	s.add(i.Estimate)
	if low, high, ok := i.bar(); ok {
		s.add(low, high)
	}
}

// ticks are about n round numbers in lo..hi.
func ticks(lo, hi float64, n int, log bool) []float64 {
	switch {
	case !(hi > lo) || !finite(hi-lo):
		return []float64{lo}
	case !log || hi/lo < 4:
		return linearTicks(lo, hi, n)
	case hi/lo < 100:
		return decadeTicks(lo, hi, 1, 1, 2, 5)
	default:
		step := int(math.Ceil(math.Log10(hi/lo) / float64(n)))
		return decadeTicks(lo, hi, max(step, 1), 1)
	}
}

// linearStep is the distance of about n round numbers in lo..hi, and its power of
// ten.
func linearStep(lo, hi float64, n int) (step, mag float64) {
	raw := (hi - lo) / float64(max(n, 1))
	mag = math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 2.5, 5} {
		if f*mag >= raw {
			return f * mag, mag
		}
	}
	return 10 * mag, mag
}

func linearTicks(lo, hi float64, n int) []float64 {
	step, mag := linearStep(lo, hi, n)
	var out []float64
	for k := math.Ceil(lo/step - 1e-9); k*step <= hi+step*1e-9; k++ {
		v := math.Round(k*step/mag*100)*mag/100 + 0 // 0.3, not 0.30000000000000004, and 0, not -0
		out = append(out, v)
		if len(out) > 50 {
			break // numbers so large that adding a step changes nothing
		}
	}
	return out
}

func decadeTicks(lo, hi float64, step int, heads ...float64) []float64 {
	var out []float64
	first := int(math.Floor(math.Log10(lo)))
	for e := first; e <= int(math.Ceil(math.Log10(hi))); e++ {
		if e%step != 0 {
			continue
		}
		for _, head := range heads {
			if v := head * math.Pow(10, float64(e)); v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
				out = append(out, v)
			}
		}
	}
	return out
}

// outwards moves the ends of a log axis outwards to round numbers, and returns those
// between: no value lies beyond the last tick. Over a wide range they are powers
// of ten; where hi is less than narrow times lo, 1, 2 and 5 of each. Both ends must
// be above 0.
func outwards(lo, hi, narrow float64) (from, to float64, at []float64) {
	heads := []float64{1}
	if hi < narrow*lo {
		heads = []float64{1, 2, 5}
	}
	var all []float64
	for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi))+1; e++ {
		for _, head := range heads {
			if v := head * math.Pow(10, e); v > 0 && finite(v) {
				all = append(all, v)
			}
		}
	}
	const near = 1e-9 // a number that is round but for its last bits
	first, last := 0, len(all)-1
	for first+1 < len(all) && all[first+1] <= lo*(1+near) {
		first++
	}
	for last > first+1 && all[last-1] >= hi*(1-near) {
		last--
	}
	return min(all[first], lo), max(all[last], hi), all[first : last+1]
}

// outwardsLinear does the same for a linear axis with about n ticks.
func outwardsLinear(lo, hi float64, n int) (from, to float64, at []float64) {
	if !(hi > lo) || !finite(hi-lo) {
		return lo, hi, []float64{lo}
	}
	step, mag := linearStep(lo, hi, n)
	const near = 1e-9
	first, last := math.Floor(lo/step+near), math.Ceil(hi/step-near)
	if last-first > 50 {
		return lo, hi, linearTicks(lo, hi, n) // numbers so large that a step changes nothing
	}
	for k := first; k <= last; k++ {
		at = append(at, math.Round(k*step/mag*100)*mag/100+0) // 0.3, not 0.30000000000000004, and 0, not -0
	}
	return min(lo, at[0]), max(hi, at[len(at)-1]), at
}

// doublings are the powers of two in lo..hi.
func doublings(lo, hi float64) []float64 {
	var out []float64
	for e := math.Ceil(math.Log2(lo) - 1e-9); e <= math.Log2(hi)+1e-9; e++ {
		out = append(out, math.Exp2(e))
	}
	return out
}

// number prints a tick: 0.5, 16, 2.5k, 10M.
func number(v float64) string {
	abs, suffix := math.Abs(v), ""
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if abs >= unit.size {
			size := unit.size
			if unit.name == "k" {
				size = 1e3
			}
			v, suffix = v/size, unit.name
			break
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64) + suffix
}

// ratio prints a factor: 0.98, 3.9, 31.
func ratio(v float64) string {
	switch abs := math.Abs(v); {
	case abs < 0.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case abs < 9.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case abs < 1e5:
		return strconv.FormatFloat(v, 'f', 0, 64)
	default:
		return number(v)
	}
}

// ratioFine prints a factor near 1, where the second digit matters, and others with
// three digits, as tables do.
func ratioFine(v float64) string {
	switch {
	case v < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return ratio(v)
}

// logName is the name of a logarithmic axis: it says that it is one.
func logName(name string) string {
	if name == "" {
		return "log scale"
	}
	return name + " (log scale)"
}

// axisRoom is the height the name of an axis takes.
func axisRoom(name string) float64 {
	if name == "" {
		return 0
	}
	return 16
}

// evenly are every k-th of the ticks, counted from the last, with the least k at
// which their labels do not touch.
func evenly(s scale, at []float64, label func(float64) string) []float64 {
	for k := 1; k < len(at); k++ {
		var kept []float64
		fits, free := true, math.Inf(1)
		for i := len(at) - 1; i >= 0; i -= k {
			half := axisStyle.width(label(at[i]))/2*slack + 2
			fits = fits && s.at(at[i])+half <= free
			free = s.at(at[i]) - half
			kept = append(kept, at[i])
		}
		if fits && len(kept) > 1 {
			slices.Reverse(kept)
			return kept
		}
	}
	return at
}

// bottomAxis draws tick labels below y, leaving out those which would touch
// the one before.
func (p pen) bottomAxis(s scale, y float64, at []float64, print func(float64) string) {
	free := math.Inf(-1)
	for _, v := range at {
		x, label := s.at(v), print(v)
		p.line(stroke{color: faint, width: 0.7}, point{x, y}, point{x, y - 3})
		half := axisStyle.width(label)/2*slack + 2
		if x-half < free {
			continue
		}
		p.text(x, y-13, centre, label, axisStyle)
		free = x + half
	}
}

// leftAxis draws tick labels left of the plot and a light line across it.
func (p pen) leftAxis(s scale, plot rect, at []float64) {
	for _, v := range at {
		y := s.at(v)
		p.line(stroke{color: grid, width: 0.7}, point{plot.x0, y}, point{plot.x1, y})
		p.textMid(plot.x0-6, y, right, number(v), axisStyle)
	}
}
