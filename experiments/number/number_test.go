package number_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"parcon/experiments/number"
)

func Example() {
	ratio := number.Interval{Estimate: 1.982, Low: 1.93, High: 2.04, N: 14}
	fmt.Println(ratio.In(number.Times))
	fmt.Println(number.Interval{Estimate: 5.2e6, Low: 4.9e6, High: 5.6e6, N: 14}.Span())
	fmt.Println(number.Fold(38.4), number.Percent(0.031), number.Grouped(1e7))
	// Output:
	// 1.98x (1.93 to 2.04)
	// 5.20 ms (4.90 ms to 5.60 ms)
	// 38x 3.1 % 10,000,000
}

// What is no number is a dash, and an estimate without samples too.
func TestWhatIsNoNumber(t *testing.T) {
	none := number.Interval{Estimate: math.NaN(), Low: math.Inf(-1), High: math.Inf(1)}
	for _, got := range []string{
		number.Short(math.NaN()), number.Whole(math.Inf(1)), number.Grouped(math.NaN()), number.Percent(math.NaN()),
		none.In(number.Times), none.Span(),
	} {
		if got != "–" {
			t.Errorf("%q", got)
		}
	}
	few := number.Interval{Estimate: 2, Low: math.Inf(-1), High: math.Inf(1), N: 3}
	if few.Known() || few.In(number.Times) != "2.00x (no interval)" || few.Over(2).Known() || few.Inverse(8).Known() {
		t.Errorf("%v: %s", few, few.In(number.Times))
	}
}

func TestIntervalsInOtherUnits(t *testing.T) {
	i := number.Interval{Estimate: 200, Low: 100, High: 400, N: 9}
	if got := i.Over(100); got != (number.Interval{Estimate: 2, Low: 1, High: 4, N: 9}) {
		t.Errorf("%v", got)
	}
	if got := i.Inverse(800); got != (number.Interval{Estimate: 4, Low: 2, High: 8, N: 9}) {
		t.Errorf("%v", got)
	}
}

// What JSON has no number for is null, and an interval of nothing says nothing.
func TestIntervalsForPrograms(t *testing.T) {
	for want, i := range map[string]number.Interval{
		`{"estimate":2,"low":1,"high":3,"rounds":9}`:          {2, 1, 3, 9},
		`{"estimate":2,"low":null,"high":null,"rounds":3}`:    {2, math.Inf(-1), math.Inf(1), 3},
		`{"estimate":null,"low":null,"high":null,"rounds":2}`: {math.NaN(), math.NaN(), math.NaN(), 2},
		`{"estimate":null,"low":null,"high":null,"rounds":0}`: {},
	} {
		got, err := json.Marshal(i)
		if err != nil || string(got) != want {
			t.Errorf("%+v: %s, %v, want %s", i, got, err, want)
		}
	}
}
