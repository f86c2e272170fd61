package report

import (
	"fmt"
	"math"
	"strings"

	"parcon/experiments/number"
	"parcon/experiments/variant"
	"parcon/report/stat"
)

// AATest is the A/A test of a run: variants that ran twice under two names. What
// calls them different is wrong, and is so as soon as the running 95 % interval of their
// ratio leaves 1 out: by evidence of 20 to 1 after any of the rounds, not only the last.
// Since their order is random, a machine that is only noisy does not fail it; what does
// is a harness that treats one of two names better, or an order that is not random
// after all.
type AATest struct {
	Compared, Called int
	Worst            stat.Interval // the ratio furthest from 1
	Chance           float64       // of as many or more being called different on a sound machine
}

// called is how often a running interval at stat.Level may ever leave out the truth,
// however often one looks: what is promised of each pair at any moment of a run.
const called = 1 - stat.Level

// tooRare is the chance below which the A/A test is failed: a sound machine
// fails one run in a hundred.
const tooRare = 0.01

// Failed says that the machine, or the harness on it, sees differences that
// are not there far too often: its verdicts are worth nothing.
func (t AATest) Failed() bool { return t.Compared > 0 && t.Chance < tooRare }

// aaTestOf compares all A/A pairs of a table.
func aaTestOf(t *Table) AATest {
	tested := AATest{Chance: 1}
	for _, name := range t.names {
		experiment, rest, _ := strings.Cut(name, "/")
		v, err := variant.Parse(rest)
		if err != nil || v.Get("twin") == "" {
			continue
		}
		r := t.ratio(strings.ToLower(experiment), v, v.Without("twin"), "ns/op")
		if !r.Known() {
			continue
		}
		tested.Compared++
		if r.Low > 1 || r.High < 1 {
			tested.Called++
		}
		if tested.Compared == 1 || math.Abs(math.Log(r.Estimate)) > math.Abs(math.Log(tested.Worst.Estimate)) {
			tested.Worst = r
		}
	}
	tested.Chance = stat.AtLeast(tested.Called, tested.Compared, called)
	return tested
}

// String says how the test went.
func (t AATest) String() string {
	if t.Compared == 0 {
		return "no variant ran twice under two names in enough rounds, so this run cannot show how often it calls the same thing different"
	}
	text := fmt.Sprintf("%d of %s that ran twice under two names were called different (by 20 to 1, looking after every round); up to %s are to be expected, at any moment of a run; the largest ratio between the two was %s",
		t.Called, number.Plural(t.Compared, "variant"), number.Short(called*float64(t.Compared)), t.Worst.In(number.Short))
	if stat.AtLeast(t.Compared, t.Compared, called) >= tooRare {
		text += "; so few cannot fail this test"
	}
	return text
}

// withheld says why nothing is decided.
func (t AATest) withheld() string {
	return fmt.Sprintf("withheld: %d of %s of a variant with itself came out different, so a difference says nothing here", t.Called, number.Plural(t.Compared, "comparison"))
}

// withhold takes back all that was decided, if they say that deciding is
// not sound here.
func (t AATest) withhold(judged []Judged, sides map[string]Contrast) {
	if !t.Failed() {
		return
	}
	for i := range judged {
		j := &judged[i]
		if j.Verdict == NotMeasured {
			continue
		}
		j.Verdict, j.Reason, j.lacking, j.Odds = Undecided, t.withheld(), t.withheld(), 0
		for k := range j.Compared {
			if j.Compared[k].Verdict != NotMeasured {
				j.Compared[k].Verdict = Undecided
			}
		}
	}
	for key, s := range sides {
		if s.Difference != NoneToTell {
			s.Difference = NotTold
			sides[key] = s
		}
	}
}
