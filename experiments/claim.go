package experiments

import (
	"math"

	"parcon/experiments/variant"
)

// A Claim is a sentence that a textbook could hold, and the comparisons that
// put it to the test. It holds when each of them lies within its bound.
type Claim struct {
	ID, Text    string
	Comparisons []Comparison
	// Caveat is what a reader must know to judge the verdict; "" if nothing.
	Caveat string
	// Unmeasured says why the claim cannot be measured on this machine; ""
	// if it can.
	Unmeasured string
}

// A Comparison states a bound on a ratio before anything is run.
type Comparison struct {
	Measure   Measure
	Of, Over  variant.Variant // Over is empty for a Measure of one variant alone
	Low, High float64         // the bound; 0 and +Inf are open ends
}

// Measure says what is compared.
type Measure string

// The measures. All are ratios of Of to Over but CoresBusy, which is a value.
const (
	Throughput Measure = "throughput"  // tasks per second
	Memory     Measure = "peak memory" // resident bytes at the peak
	CPUTime    Measure = "CPU time"    // per task
	CoresBusy  Measure = "cores busy"  // CPU time over wall time, of Of alone
)

func atMost(m Measure, of, over variant.Variant, high float64) Comparison {
	return Comparison{m, of, over, 0, high}
}

func atLeast(m Measure, of, over variant.Variant, low float64) Comparison {
	return Comparison{m, of, over, low, inf}
}

// The bounds. A textbook says "no faster" or "faster"; these say what that is
// to mean before anything is measured.
const (
	Same    = 1.05 // "no faster": within five percent; also what a report calls equal
	scales  = 0.75 // "uses the cores": this share of the ideal, cores times faster
	much    = 2.0  // "much faster" for waiting tasks
	oneCore = 1.03 // cores busy of a model with one core; the runtime's own threads are in it
	pricier = 1.2  // "a higher price" in memory
	lighter = 0.5  // "less memory" where it is to matter
	asGood  = 0.95 // "no slower": within five percent
	nearly  = 1.10 // "as well, within ten percent"
)

var (
	inf         = math.Inf(1)
	variantNone variant.Variant
)

const oneCoreOnly = "this machine has one core: there is nothing to run in parallel on"

// needsCores is why a claim on several cores can't be measured on one.
func needsCores(s Scale) string {
	if s.Cores < 2 {
		return oneCoreOnly
	}
	return ""
}
