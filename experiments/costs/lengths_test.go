package costs

import (
	"math"
	"testing"

	"parcon/experiments/number"
	"parcon/experiments/section"
)

func TestWhereAPoolStopsPaying(t *testing.T) {
	known := func(text string, low, high float64) compared {
		return compared{text: text, ratio: number.Interval{Estimate: (low + high) / 2, Low: low, High: high, N: 20}}
	}
	const first = "a process pool is 9.0x as fast as a process per task at A"
	const open, differ = "; whether they are within 5 % there is open", "; they still differ by more than 5 %"
	a := known("A", 8, 10)
	for _, c := range []struct {
		name    string
		lengths []compared
		want    string
	}{
		{"one", []compared{a}, first},
		{"never", []compared{a, known("B", 1.9, 2.1)}, first + ", 2.0x at B" + differ},
		{"then", []compared{a, known("B", 1.9, 2.1), known("C", 0.99, 1.03)}, first + ", 1.01x at C; it comes within 5 % between B and C"},
		{"a wide one between", []compared{a, known("B", 0.9, 1.2), known("C", 0.99, 1.03)}, first + ", 1.01x at C; it comes within 5 % between A and C"},
		{"not for good", []compared{a, known("B", 0.99, 1.03), known("C", 1.06, 1.08)}, first + ", 1.07x at C" + differ},
		{"the other way", []compared{a, known("B", 0.7, 0.8), known("C", 0.97, 1.01)}, first + ", 0.99x at C; it comes within 5 % between B and C"},
		{"always", []compared{known("A", 1, 1.02), known("B", 0.99, 1.03)}, "a process pool is 1.01x as fast as a process per task at A; from A on they are within 5 %"},
		{"few rounds", []compared{a, {text: "B", ratio: number.Interval{Estimate: 1, Low: math.Inf(-1), High: math.Inf(1), N: 2}}}, first + ", 1.00x at B" + open},
	} {
		if got := crossing(section.Samples{}, c.lengths); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
