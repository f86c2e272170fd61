package card

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"parcon/experiments/variant"
)

// A Claim is a sentence that a textbook could hold, and the comparisons that
// put it to the test. It holds when each of them lies within its bound.
type Claim struct {
	ID, Text    string
	Comparisons []Comparison
	// Caveat is what a reader must know to judge the verdict; "" if nothing.
	Caveat string
	// Told are the comparisons that the caveat speaks of: a report tells their numbers with
	// it, and judges nothing by them, so their bounds mean nothing.
	Told []Comparison
	// Under names what the claim is judged under, where it is judged under several things
	// of one kind, such as GILs: the one whose verdict counts. Beside are the same sentence's
	// verdicts under the others, each by itself, of which none counts.
	Under  string
	Beside []Claim
	// First says that it is to be decided first: what most readers want to know, and
	// cheap.
	First bool
	// Needs are what must be there beside what the compared cards need.
	Needs []Need
	// Unmeasured says why the claim cannot be measured at a scale; "" if it can.
	// Chapter.Claims fills it in.
	Unmeasured string
}

// All is the claim as it counts, and after it those that stand beside it.
func (c Claim) All() []Claim { return append([]Claim{c}, c.Beside...) }

// AllComparisons are those of a claim and of the ones beside it.
func (c Claim) AllComparisons() []Comparison {
	var all []Comparison
	for _, one := range c.All() {
		all = append(all, one.Comparisons...)
	}
	return all
}

// Under makes one claim of the same sentence's under several things, of which the first
// one's verdict counts.
func Under(claims ...Claim) Claim {
	counts := claims[0]
	counts.Beside = claims[1:]
	return counts
}

// A Comparison states a bound on a ratio before anything is run.
type Comparison struct {
	Measure   Measure
	Of, Over  variant.Variant // Over is empty for a Measure of one variant alone
	Low, High float64         // the bound; 0 and +Inf are open ends
	Word      string          // of the claim that decides it, and what it means; "" for a number that the claim states
}

// A Measure says what is compared, and how.
type Measure struct {
	Name string // as it stands in a report
	Unit string // of the result lines
	How  How
}

// How is the way from the values of trials to the number that a bound is for.
type How int

// The ways.
const (
	Ratio   How = iota // Of's value to Over's, paired by round
	Inverse            // Over's to Of's: more in a second is less time for each
	Value              // Of's value alone
	Share              // Of's count divided by its tries
	Every              // the same, and the bound must hold in each single trial
	Some               // the same, and it must hold in one trial at least
	Gain               // how much of the speed-up that is possible was reached: see Reached
)

// Observed says that it is a fact that is seen to happen or not, in each trial,
// and not a number that is estimated.
func (m Measure) Observed() bool { return m.How == Every || m.How == Some }

// The measures of the grid.
var (
	Throughput = Measure{"throughput", "ns/op", Inverse}         // tasks per second
	Memory     = Measure{"peak memory", "peak-rss-bytes", Ratio} // resident bytes at the peak
	CPUTime    = Measure{"CPU time", "cpu-ns/op", Ratio}         // per task
	CoresBusy  = Measure{"cores busy", "cores-busy", Value}      // CPU time over wall time
	OneCore    = Measure{"gain on one core", "ns/op", Gain}      // of the speed-up that waiting leaves room for
	Longest    = Measure{"longest task", "max-ns", Ratio}        // from its start to its end, of all in a trial
)

// Limit is the most that workers on one core can speed up serial code: as often as its
// computing, in the kernel too, fits into its time (Amdahl, Validity of the single processor
// approach, AFIPS 1967, with all that is no waiting as the serial part), and no more often
// than there are workers. wall and cpu are its times for a task.
func Limit(wall, cpu float64, workers int) float64 { return min(float64(workers), wall/cpu) }

// Reached is the share of a possible gain: 0 for a speed-up of 1, 1 for one of the limit.
// Where nothing can be gained it is no number.
func Reached(speedup, limit float64) float64 {
	share := (speedup - 1) / (limit - 1)
	if !(limit > 1) || math.IsInf(share, 0) || math.IsInf(limit, 0) {
		return math.NaN()
	}
	return share
}

// The measures of mechanisms.
var (
	Time       = Measure{"time", "ns/op", Ratio} // of one operation
	IdleMemory = Measure{"idle memory", "pss-bytes/unit", Ratio}
	Seen       = Measure{"seen", UnitSeen, Every}
	Happens    = Measure{"happens", UnitSeen, Some}
	Often      = Measure{"share of tries", UnitSeen, Share}
)

// Alone stands for the other side of a Measure of one variant.
var Alone variant.Variant

// Open is the end of a bound that has none.
var Open = math.Inf(1)

// Always holds where it was counted in every try.
func Always(m Measure, of variant.Variant) Comparison { return Comparison{m, of, Alone, 1, 1, ""} }

// Never holds where it was counted in none.
func Never(m Measure, of variant.Variant) Comparison { return Comparison{m, of, Alone, 0, 0, ""} }

// Sometimes holds as soon as one trial has counted one.
func Sometimes(m Measure, of variant.Variant) Comparison {
	return Comparison{m, of, Alone, math.SmallestNonzeroFloat64, Open, ""}
}

// AtMost holds up to a number that the claim states.
func AtMost(m Measure, of variant.Variant, high float64) Comparison {
	return Comparison{m, of, Alone, 0, high, ""}
}

// AtLeast holds from one on.
func AtLeast(m Measure, of variant.Variant, low float64) Comparison {
	return Comparison{m, of, Alone, low, Open, ""}
}

// Fingerprint tells apart catalogues: it changes with every comparison and bound
// of the claims. A run writes it down before it measures, so that a report can
// tell whether the claims are still those. In which order interpreters were named, and so
// under which one a verdict counts, is no part of it.
func Fingerprint(claims []Claim) string {
	sum := fnv.New64a()
	place := func(c Claim) string { // of emulations: behind all of these, as they come
		if strings.HasPrefix(c.Under, "CPython") {
			return c.Under
		}
		return "~"
	}
	for _, one := range claims {
		all := one.All()
		slices.SortStableFunc(all, func(a, b Claim) int { return cmp.Compare(place(a), place(b)) })
		for _, claim := range all {
			fmt.Fprintln(sum, claim.ID)
			for _, c := range claim.Comparisons {
				m := c.Measure
				fmt.Fprintln(sum, fmt.Sprintf("{%s %s %d}", m.Name, m.Unit, m.How), c.Of, c.Over, c.Low, c.High)
			}
		}
	}
	return fmt.Sprintf("%016x", sum.Sum64())
}
