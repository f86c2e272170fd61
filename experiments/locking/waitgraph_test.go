package locking

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// reaches is the slow reference: from which unit one gets to which along the
// wait-for graph, by Warshall's closure.
func reaches(holder, wants []int) [][]bool {
	n := len(wants)
	r := make([][]bool, n)
	for u := range r {
		r[u] = make([]bool, n)
		for v := range n {
			r[u][v] = slices.Contains(seq(len(holder)), wants[u]) && holder[wants[u]] == v
		}
	}
	for k := range n {
		for u := range n {
			for v := range n {
				r[u][v] = r[u][v] || r[u][k] && r[k][v]
			}
		}
	}
	return r
}

func seq(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestCycleAgainstClosure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Numbers out of range are among them.
		units := rapid.IntRange(0, 9).Draw(t, "units")
		holder := rapid.SliceOfN(rapid.IntRange(-2, 10), 0, 9).Draw(t, "holder")
		wants := rapid.SliceOfN(rapid.IntRange(-2, 10), units, units).Draw(t, "wants")
		r := reaches(holder, wants)
		lowest := -1
		for u := range wants {
			if r[u][u] {
				lowest = u
				break
			}
		}
		got := cycle(holder, wants)
		if lowest < 0 {
			if got != nil {
				t.Fatalf("found %v where no unit waits for itself", got)
			}
			return
		}
		if len(got) == 0 || got[0] != lowest {
			t.Fatalf("found %v, want a cycle that begins with unit %d", got, lowest)
		}
		for i, u := range got {
			if next := got[(i+1)%len(got)]; holder[wants[u]] != next {
				t.Fatalf("found %v, but unit %d waits for unit %d", got, u, holder[wants[u]])
			}
		}
		slices.Sort(got)
		for u := range wants {
			if _, in := slices.BinarySearch(got, u); in != (r[lowest][u] && r[u][lowest]) {
				t.Fatalf("found %v: unit %d is in it: %v", got, u, in)
			}
		}
		if len(slices.Compact(got)) != len(got) {
			t.Fatalf("a unit is twice in %v", got)
		}
	})
}

func TestCycle(t *testing.T) {
	for name, c := range map[string]struct{ holder, wants, want []int }{
		"no units":                         {nil, nil, nil},
		"opposite orders":                  {[]int{0, 1}, []int{1, 0}, []int{0, 1}},
		"one waits":                        {[]int{0, 0}, []int{nothing, 1}, nil},
		"a free lock":                      {[]int{0, nobody}, []int{1, 0}, nil},
		"its own lock":                     {[]int{0}, []int{0}, []int{0}},
		"three, and one that waits beside": {[]int{3, 2, 1}, []int{0, 0, 2, 1}, []int{1, 3, 2}},
		"of two the lower":                 {[]int{3, 2, 1, 0}, []int{0, 1, 2, 3}, []int{0, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, cycle(c.holder, c.wants)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func Example_cycle() {
	holder := []int{0, 1}         // unit 0 holds lock 0, unit 1 holds lock 1
	wants := []int{1, 0, nothing} // and each waits for the other's
	fmt.Println(cycle(holder, wants))
	// Output: [0 1]
}
