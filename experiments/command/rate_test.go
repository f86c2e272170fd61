package command

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// shift lets workers do tasks, each of which takes free and then turn alone.
func shift(workers, tasks int, free, turn func() time.Duration) []Span {
	ready := make([]time.Duration, workers)
	var open time.Duration // when the lock is free
	var spans []Span
	for range tasks {
		w := slices.Index(ready, slices.Min(ready))
		began := ready[w]
		at := max(began+free(), open)
		if alone := turn(); alone > 0 {
			at += alone
			open = at
		}
		spans = append(spans, Span{began, at})
		ready[w] = at
	}
	return spans
}

func always(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

// Tasks of one length end in bunches, those under a lock one after the other, those of random
// length whenever: the rate is the same as in a run without an end.
func TestTheRateIsThatOfARunWithoutAnEnd(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const ms = time.Millisecond
	for _, c := range []struct {
		name       string
		free, turn func() time.Duration
		want       func(w float64) float64 // a second
		within     float64
	}{
		{"one length", always(100 * ms), always(0), func(w float64) float64 { return 10 * w }, 0.001},
		{"a share under a lock", always(70 * ms), always(30 * ms), func(w float64) float64 { return min(10*w, 1/0.03) }, 0.03},
		{"any length", func() time.Duration { return time.Duration((50 + 100*random.Float64()) * float64(ms)) }, always(0), func(w float64) float64 { return 10 * w }, 0.08},
	} {
		for _, w := range []int{1, 2, 3, 4, 8, 16, 64} {
			sum := 0.0
			const runs = 200
			for range runs {
				sum += Rate(shift(w, Layout{100 * ms, 2}.Tasks(w, 12), c.free, c.turn), 0, w)
			}
			if got, want := sum/runs, c.want(float64(w)); math.Abs(got/want-1) > c.within {
				t.Errorf("%s, %d workers: %.2f a second, want %.2f", c.name, w, got, want)
			}
		}
	}
}

func TestARateIsANumberAboveZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		workers := rapid.IntRange(1, 20).Draw(t, "workers")
		var spans []Span
		for range rapid.IntRange(1, 60).Draw(t, "tasks") {
			began := time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "began"))
			spans = append(spans, Span{began, began + time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "took"))})
		}
		if r := Rate(spans, 0, workers); !(r > 0) || math.IsInf(r, 0) {
			t.Fatalf("%v", r)
		}
	})
}

// All trials have each item equally often, and every worker has enough turns.
func TestALayoutGivesAllTheSameItems(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Layout{time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "took")), rapid.IntRange(0, 200).Draw(t, "cores")}
		there := rapid.IntRange(1, 1e6).Draw(t, "items")
		items := l.Items(there)
		if items < 1 || items > there || items > MostItems {
			t.Fatalf("%d of %d items", items, there)
		}
		for _, w := range []int{1, 2, 3, 10, 1000} {
			n := l.Tasks(w, items)
			if n%items != 0 || n < items || w > 1 && n < 2*w || n > 1e6 {
				t.Fatalf("%d tasks on %d items by %d workers", n, items, w)
			}
		}
	})
}

func TestASampleIsDrawnFromAllItems(t *testing.T) {
	const items, keep, draws = 20, 5, 4000
	var text strings.Builder
	for i := range items {
		fmt.Fprintf(&text, "item %d\n\n", i) // empty lines are none
	}
	seen := map[string]int{}
	for seed := range uint64(draws) {
		got, of, err := Sample(strings.NewReader(text.String()), false, keep, rand.New(rand.NewPCG(seed, 0)))
		if err != nil || of != items || len(got) != keep {
			t.Fatal(got, of, err)
		}
		for _, item := range got {
			seen[item]++
		}
	}
	for item, n := range seen { // 1000 each, with a standard deviation of 27
		if n < 860 || n > 1140 {
			t.Errorf("%s was drawn %d times of %d", item, n, draws)
		}
	}
	if len(seen) != items {
		t.Errorf("%d of %d items were ever drawn", len(seen), items)
	}
}

func FuzzSample(f *testing.F) {
	f.Add("a b\nc\"d\n\n$x", false)
	f.Add("a\nb\x00c\x00", true)
	f.Fuzz(func(t *testing.T, text string, null bool) {
		end := "\n"
		if null {
			end = "\x00"
		}
		var want []string
		for _, item := range strings.Split(text, end) {
			if item != "" {
				want = append(want, item)
			}
		}
		got, of, err := Sample(strings.NewReader(text), null, len(want), rand.New(rand.NewPCG(0, 0)))
		if err != nil || of != len(want) || !slices.Equal(got, want) {
			t.Fatalf("%q, %d, %v, want %q", got, of, err, want)
		}
	})
}

func TestAnItemThatIsTooLongIsNamed(t *testing.T) {
	_, _, err := Sample(strings.NewReader("a\n"+strings.Repeat("x", 2<<20)), false, 5, rand.New(rand.NewPCG(0, 0)))
	if err == nil || !strings.HasPrefix(err.Error(), "item 2 is longer than") {
		t.Errorf("%v", err)
	}
}
