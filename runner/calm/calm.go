// Package calm says by one rule whether a machine is quiet enough to be measured on: of
// one moment, as the doctor judges it before a run, and of the many looks that were
// taken during one.
//
// It computes only. Who looks is runner/doctor; the looks lie in the result file, so that
// whoever reads it comes to the same words.
package calm

import (
	"fmt"
	"math"
	"slices"
	"time"

	"parcon/experiments/number"
)

const (
	// unsteadyComputing and unsteadyMemory are twice and more what was seen on
	// quiet machines. Beyond them a run needs many times the rounds.
	unsteadyComputing = 0.10
	unsteadyMemory    = 0.25
	// BusyShare of all cores: a trial that fills the cores loses about as much,
	// and 5 % is more than the differences of 2 % that runs are asked to tell.
	BusyShare = 0.05
	// BusyCores matters on machines with many cores, where it is a small share:
	// work that was shared out evenly ends when its slowest worker does, and the
	// one on this core has half of it.
	BusyCores = 0.5
	// stealShare of all cores' time: trials last tens of milliseconds, so a loss
	// of 1 % on average hits some of them by several percent.
	stealShare = 0.01
	// restlessShare of the looks may be unsteady: a single one is a moment, which
	// hits a few trials and both sides of what is compared alike.
	restlessShare = 0.1
)

// Unsteady says whether the same work wavers too much: the shares by which its slowest
// tenth took longer than its fastest.
func Unsteady(computing, memory float64) bool {
	return computing > unsteadyComputing || memory > unsteadyMemory
}

// Crowded says whether other programs keep too many of so many cores busy.
func Crowded(busy float64, cores int) bool {
	return busy > BusyCores || busy > BusyShare*float64(cores)
}

// Robbed says whether the hypervisor takes too much of the time of so many cores.
func Robbed(stolen float64, cores int) bool { return stolen > stealShare*float64(max(1, cores)) }

// A Look is what was seen of a machine in a moment between trials.
type Look struct {
	At                time.Time
	Computing, Memory float64 // how much longer the slowest tenth of the same work took than the fastest, as a share
	Busy              float64 // cores that others kept busy, a little below zero where clocks disagree; NaN: not known
	Stolen            float64 // cores' worth of time that the hypervisor took; NaN: not known
	Cores             int     // of the machine; 0: not known
}

// The units of a look in a result file.
const (
	unitAt        = "start-unix-s"
	unitComputing = "slow-tenth"
	unitMemory    = "slow-tenth-memory"
	unitBusy      = "others-busy"
	unitStolen    = "stolen-cores"
	unitCores     = "cores"
)

// Values are those of a look by unit. What is not known is left out.
func (l Look) Values() map[string]float64 {
	all := map[string]float64{
		unitAt: float64(l.At.UnixMilli()) / 1000, unitComputing: l.Computing, unitMemory: l.Memory, unitCores: float64(l.Cores),
	}
	for unit, v := range map[string]float64{unitBusy: l.Busy, unitStolen: l.Stolen} {
		if !math.IsNaN(v) {
			all[unit] = v
		}
	}
	return all
}

// LookOf reads the values of a look. They are none if they do not tell how steady
// the machine was.
func LookOf(values map[string]float64) (Look, bool) {
	get := func(unit string) float64 {
		if v, told := values[unit]; told && math.Abs(v) < 1e11 { // far more than there is of anything
			return v
		}
		return math.NaN()
	}
	l := Look{Computing: get(unitComputing), Memory: get(unitMemory), Busy: get(unitBusy), Stolen: get(unitStolen)}
	if n := get(unitCores); n > 0 {
		l.Cores = int(n)
	}
	if at := get(unitAt); at > 0 {
		l.At = time.UnixMilli(int64(math.Round(at * 1000)))
	}
	return l, l.Computing >= 0 && l.Memory >= 0
}

// Seen is what many looks come to.
type Seen struct {
	Looks    int
	Unsteady int // looks that were
	// Typical is the median of the looks, each value by itself, Busy and Stolen the means
	// over them: the system counts those in steps that are too coarse for one.
	Typical Look
	Worst   Look // the one that computed least steadily
	// Minute of the run in which the worst was, from 0; below zero: not known.
	Minute int
}

// Of sums up looks at a machine. began is when the run did, the zero time if it is not
// known.
func Of(looks []Look, began time.Time) Seen {
	s := Seen{Looks: len(looks), Minute: -1}
	if s.Looks == 0 {
		return s
	}
	s.Worst = looks[0]
	for _, l := range looks {
		if Unsteady(l.Computing, l.Memory) {
			s.Unsteady++
		}
		if l.Computing > s.Worst.Computing {
			s.Worst = l
		}
		s.Typical.Cores = max(s.Typical.Cores, l.Cores)
	}
	if since := s.Worst.At.Sub(began); !began.IsZero() && !s.Worst.At.IsZero() && since >= 0 {
		s.Minute = int(since.Minutes())
	}
	s.Typical.Computing = median(looks, func(l Look) float64 { return l.Computing })
	s.Typical.Memory = median(looks, func(l Look) float64 { return l.Memory })
	s.Typical.Busy = mean(looks, func(l Look) float64 { return l.Busy })
	s.Typical.Stolen = mean(looks, func(l Look) float64 { return l.Stolen })
	return s
}

func median(looks []Look, of func(Look) float64) float64 {
	all := make([]float64, len(looks))
	for i, l := range looks {
		all[i] = of(l)
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// mean is that of the looks that know, not below zero; NaN if none does.
func mean(looks []Look, of func(Look) float64) float64 {
	sum, n := 0.0, 0
	for _, l := range looks {
		if v := of(l); !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	return max(0, sum/float64(n))
}

// Restless is the rule: more than one look in ten was unsteady, or over all of them
// others kept more of the cores busy, or the hypervisor took more of their time, than
// the doctor lets pass before a run. Without a look nothing is known, and it is false.
func (s Seen) Restless() bool {
	return float64(s.Unsteady) > restlessShare*float64(s.Looks) ||
		s.Looks > 0 && (Crowded(s.Typical.Busy, max(1, s.Typical.Cores)) || Robbed(s.Typical.Stolen, s.Typical.Cores))
}

// String is what was seen, in one sentence.
func (s Seen) String() string {
	if s.Looks == 0 {
		return "Nobody looked at the machine between the trials."
	}
	word := "calm"
	if s.Restless() {
		word = "restless"
	}
	worst := "worst look " + number.Percent(s.Worst.Computing)
	if s.Minute >= 0 {
		worst += fmt.Sprintf(", in minute %d", s.Minute+1)
	}
	text := fmt.Sprintf("The machine was %s. It was looked at %s between trials: the slowest tenth of the same work took %s longer than the fastest (%s), through memory %s",
		word, number.Plural(s.Looks, "time"), number.Percent(s.Typical.Computing), worst, number.Percent(s.Typical.Memory))
	if !math.IsNaN(s.Typical.Busy) {
		text += fmt.Sprintf("; other programs kept %.2f cores busy", s.Typical.Busy)
	}
	if s.Typical.Stolen >= 0.005 {
		text += fmt.Sprintf("; the hypervisor took the time of %.2f cores", s.Typical.Stolen)
	}
	if s.Unsteady > 0 {
		text += fmt.Sprintf("; %d of the looks would have stopped a strict doctor", s.Unsteady)
	}
	return text + "."
}
