package contest_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"parcon/report/contest"
)

func Example() {
	speed := contest.Table[string]{}
	for round := range 3 {
		speed.Add("plain", round, 100)
		speed.Add("clever", round, 101)
		speed.Add("fast", round, 150)
	}
	fmt.Println(contest.First([]string{"plain", "clever", "fast"}, speed.More))
	fmt.Println(contest.First([]string{"plain", "clever"}, speed.More))
	// Output:
	// fast true
	// plain true
}

// Of two that are alike the higher is not more, in however many rounds it is the higher; what is more is.
func TestWhatSeemsMore(t *testing.T) {
	for _, c := range []struct {
		gains []float64 // by round
		want  bool
	}{
		{[]float64{1.04}, false},
		{[]float64{1.06}, true},
		{[]float64{1.01, 1.01, 1.01, 1.01}, false},
		{[]float64{1.03, 1.03, 1.03, 1.03}, true},
		{[]float64{1.3, 0.9, 1.3, 0.9}, false},
		{[]float64{1.3, 0.9, 1.3, 1.3}, true},
		{nil, false},
	} {
		table := contest.Table[bool]{}
		for round, gain := range c.gains {
			table.Add(false, round, 10)
			table.Add(true, round, 10*gain)
		}
		if got := table.More(true, false); got != c.want {
			t.Errorf("%v: %v", c.gains, got)
		}
	}
}

// Only rounds of both count, by their numbers, and one that failed is none that is lost.
func TestRatiosAreOfRoundsOfBoth(t *testing.T) {
	table := contest.Table[int]{}
	for round, gave := range map[int]float64{0: 1, 2: 4, 3: math.NaN(), 7: 6} {
		table.Add(1, round, gave)
	}
	for round, gave := range map[int]float64{1: 9, 2: 2, 3: 1, 7: 3} {
		table.Add(2, round, gave)
	}
	if s := table.Ratio(1, 2); s.N() != 3 || math.Abs(s.Median()-2) > 1e-9 {
		t.Errorf("%v of %d rounds", s.Median(), s.N())
	}
	if got := table.Rounds(); !slices.Equal(got, []int{0, 1, 2, 3, 7}) {
		t.Errorf("rounds %v", got)
	}
	if _, ok := contest.First(nil, func(int, int) bool { return true }); ok {
		t.Error("there is a first of none")
	}
}

func TestWhatOthersTook(t *testing.T) {
	for _, c := range []struct{ wanted, busy, others, want float64 }{
		{2, 1, 1, 2},
		{2, 1, 0.5, 1}, // a core was idle
		{2, 1.9, 0.1, 1},
		{1, 1, 1, 1},
		{2, 0, 2, 1},
		{2, math.NaN(), 1, 1},
		{2, 1, math.NaN(), 1},
	} {
		if got := contest.Slowed(c.wanted, c.busy, c.others, 2); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	for _, c := range []struct{ cpu, took, delay, want float64 }{
		{1, 2, 0, 0.5}, {1, 2, 1, 1}, {1, 2, math.NaN(), 0.5}, {1, 2, 3, 0.5}, {4, 2, 0, 2},
	} {
		if got := contest.Demand(c.cpu, c.took, c.delay); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if got := contest.Demand(0, 1, 0); !math.IsNaN(got) {
		t.Errorf("without CPU time: %v", got)
	}
}
