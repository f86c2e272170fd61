package report

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"parcon/experiments/variant"
)

// leaning are trials of the whole catalogue whose rounds are as the last with some chance.
func leaning(t *testing.T, seed uint64, again float64) *Table {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	last := map[string]float64{}
	return read(t, world(24, 0, func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		for _, unit := range slices.Sorted(maps.Keys(values)) {
			key := v.String() + unit
			if counted[unit] {
				continue
			}
			if random.Float64() >= again {
				last[key] = math.Exp(0.02 * random.NormFloat64())
			}
			values[unit] *= last[key] * (1 + 1e-9*random.Float64())
		}
		return values
	}))
}

// Rounds that lean on each other are a doubt; those that do not are none, in all but one
// of a hundred runs.
func TestRoundsThatLeanAreADoubt(t *testing.T) {
	const doubt = "chance does not explain that"
	for seed := range uint64(2) {
		for _, c := range []struct {
			again float64
			want  bool
		}{{0, false}, {0.5, true}} {
			p := newPage(leaning(t, seed, c.again))
			l := leaningOf(p.table, p.judged)
			if text := l.String(); strings.Contains(text, doubt) != c.want || l.Compared < 50 {
				t.Errorf("seed %d, %.1f: %s", seed, c.again, text)
			}
			if l.Low > l.Expected || l.Expected > l.High || math.Abs(l.Expected+1.0/24) > 0.02 {
				t.Errorf("%+v", l)
			}
		}
	}
	if text := leaningOf(read(t, world(fewRounds-1, 0.01, textbook)), nil).String(); text != "" {
		t.Error(text)
	}
}
