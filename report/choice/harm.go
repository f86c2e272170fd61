package choice

import (
	"fmt"
	"slices"

	"parcon/experiments/number"
	"parcon/report/stat"
)

// When a function is said to skip work: from so many trials on, if in each of them a task took
// less than these shares of what it takes alone.
const (
	enoughTrials = 3
	lessTime     = 0.6
	lessCPU      = 0.75
	someCPU      = 0.05 // of the time: with less a task's CPU time says nothing
)

// harm says why the function must not be called at once, "" if nothing speaks against it: it
// fails only when it is called at once, or takes less there than alone.
func (v view) harm() string {
	for _, x := range v.variants {
		if slices.Contains(isolated, x.Model) {
			continue
		}
		if reasons := v.failures(x); len(reasons) > 0 {
			return fmt.Sprintf("under %s it failed: %s", x, reasons[0])
		}
		if why := v.skips(x); why != "" {
			return why
		}
	}
	return ""
}

// String is a variant in words.
func (x Variant) String() string { return fmt.Sprintf("%s by %d", x.Model, x.Workers) }

// skips says that tasks do less at once than alone. What a function that waits for a turn, or
// shares the cores, takes at once is more.
func (v view) skips(x Variant) string {
	took, cpu := v.of(alone)
	if !(took > 0) || x.Workers < 2 {
		return ""
	}
	n := 0
	for _, t := range v.trials {
		if t.Variant != x || t.Failed != "" {
			continue
		}
		less := t.Took < lessTime*took && (cpu < someCPU*took || t.CPU < lessCPU*cpu)
		if !less {
			return ""
		}
		n++
	}
	if n < enoughTrials {
		return ""
	}
	hereTook, hereCPU := v.of(x)
	return fmt.Sprintf("under %s a call takes %s of the time that it takes alone, and %s of the CPU time: it seems to leave work out when it is called at once", x, number.Percent(hereTook/took), number.Percent(hereCPU/cpu))
}

// of is the middle of what a task takes under a variant.
func (v view) of(x Variant) (took, cpu float64) {
	var a, b []float64
	for _, t := range v.trials {
		if t.Variant == x && t.Failed == "" {
			a, b = append(a, t.Took), append(b, t.CPU)
		}
	}
	return stat.SeriesOf(a).Median(), stat.SeriesOf(b).Median()
}
