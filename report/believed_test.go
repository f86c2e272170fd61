package report

import (
	"maps"
	"math"
	"slices"
	"sync"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/variant"
)

// wide is the scale of which the world of the textbooks has every variant.
var wide = card.Scale{Cores: testCores, Depth: card.Full, Pythons: []card.Python{"3.12.1"}}

// believed is a machine on which every claim of the catalogue holds, also those that are
// yet to be written: its numbers are computed from the comparisons. What nothing is
// claimed of has the same number everywhere, and nothing is counted of it.
func believed(v variant.Variant) map[string]float64 {
	name := v.String()
	values, known := worldly.Load(name)
	if !known {
		values, _ = worldly.LoadOrStore(name, believedOf(v))
	}
	return maps.Clone(values.(map[string]float64)) // the caller may change them
}

// worldly holds what was asked before: each round of each test asks again.
var worldly sync.Map

func believedOf(v variant.Variant) map[string]float64 {
	const tries = 100
	values := map[string]float64{"ns/op": 1000, "cpu-ns/op": 500, card.UnitTries: tries, card.UnitSeen: tries}
	one := catalogue().find(v.Get(card.Key))
	for _, unit := range one.Units {
		values[unit] = 1000
	}
	for _, unit := range one.Counts {
		values[unit] = 0
	}
	if v.Get("model") == "serial" {
		values["cpu-ns/op"] = 1 // see asSpeedUp
	}
	w, name := solved(), v.Without(card.AA).String()
	for _, unit := range w.units {
		if n, ok := w.numbers[at{unit, name}]; ok {
			values[unit] = n
		}
		if b, ok := w.shares[at{unit, name}]; ok {
			values[unit] = math.Round(tries * (b.low + b.high) / 2)
		}
	}
	return values
}

// at is where a number stands: that of a unit in a variant.
type at struct{ unit, variant string }

type bounds struct{ low, high float64 }

// A solution has the numbers on which claims say anything: what is timed or weighed, and
// the bounds of what is counted, as shares of the tries.
type solution struct {
	units   []string
	numbers map[at]float64
	shares  map[at]bounds
}

var solved = sync.OnceValue(func() solution {
	var all []card.Comparison
	for _, c := range chapters.All {
		for _, claim := range c.Claims(wide) {
			for _, k := range claim.Comparisons {
				all = append(all, asSpeedUp(k))
			}
		}
	}
	return solve(all)
})

// asSpeedUp is a gain as the speed-up that it takes where serial code computes nothing, so
// that the limit is the number of workers.
func asSpeedUp(k card.Comparison) card.Comparison {
	if k.Measure.How != card.Gain {
		return k
	}
	workers, err := k.Of.Int("workers", 1)
	if err != nil {
		panic(err)
	}
	k.Measure.How, k.Low = card.Inverse, 1+k.Low*float64(workers-1)
	return k
}

// solve finds numbers that are inside of all bounds. Each ratio that is outside raises one
// of its sides to where it is inside: as nothing is ever lowered this ends if there is a
// solution (Bellman 1958, on the logarithms). The claims whose bounds have none do not
// hold in the world that comes out.
func solve(all []card.Comparison) solution {
	w := solution{numbers: map[at]float64{}, shares: map[at]bounds{}}
	for _, k := range all {
		unit, of, over := k.Measure.Unit, k.Of.String(), k.Over.String()
		if !slices.Contains(w.units, unit) {
			w.units = append(w.units, unit)
		}
		if k.Measure.How >= card.Share {
			b, known := w.shares[at{unit, of}]
			if !known {
				b.high = 1
			}
			w.shares[at{unit, of}] = bounds{max(b.low, k.Low), min(b.high, k.High)}
			continue
		}
		// Over no other variant it is over 1, which stands at the empty name.
		w.numbers[at{unit, of}], w.numbers[at{unit, over}] = 1, 1
	}
	for range len(w.numbers) {
		if !w.raise(all) {
			break
		}
	}
	one := map[string]float64{}
	for _, unit := range w.units {
		one[unit] = w.numbers[at{unit, ""}]
	}
	for a := range w.numbers {
		if one[a.unit] > 0 {
			w.numbers[a] /= one[a.unit]
		} else {
			w.numbers[a] *= 1000
		}
	}
	return w
}

// raise looks at each ratio once, and says whether it raised any number. Bounds are met with
// some room, as noise must not carry a ratio over them.
func (w solution) raise(all []card.Comparison) (raised bool) {
	const room = 1.02
	for _, k := range all {
		of, over := at{k.Measure.Unit, k.Of.String()}, at{k.Measure.Unit, k.Over.String()}
		if k.Measure.How >= card.Share {
			continue
		}
		if k.Measure.How == card.Inverse {
			of, over = over, of
		}
		low, high := k.Low*room, k.High/room
		if low > high {
			low, high = math.Sqrt(low*high), math.Sqrt(low*high)
		}
		const tiny = 1e-9
		if least := low * w.numbers[over]; w.numbers[of] < least*(1-tiny) {
			w.numbers[of], raised = least, true
		}
		if least := w.numbers[of] / high; w.numbers[over] < least*(1-tiny) {
			w.numbers[over], raised = least, true
		}
	}
	return raised
}
