package report

import (
	"fmt"
	"math"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/variant"
	"parcon/report/stat"
)

// A gain is what rounds gave of a speed-up over serial code that has a limit, NaN where
// a trial failed or where there was nothing to gain: that counts against whatever is said.
type gain struct {
	rounds                  []int
	speedup, limit, reached []float64
}

// gains take the limit of a round from the serial trial in it.
func (t *Table) gains(experiment string, of, over variant.Variant) gain {
	var g gain
	workers, err := of.Int("workers", 1)
	if err != nil {
		return g
	}
	rounds, wall, mine := t.shared(experiment, over, "ns/op", of, "ns/op")
	g.rounds = rounds
	cpu := t.rounded(experiment, over, "cpu-ns/op")
	for i, round := range rounds {
		used, told := cpu[round]
		if !told {
			used = math.NaN()
		}
		speedup, limit := wall[i]/mine[i], card.Limit(wall[i], used, workers)
		g.speedup, g.limit = append(g.speedup, speedup), append(g.limit, limit)
		g.reached = append(g.reached, card.Reached(speedup, limit))
	}
	return g
}

// String says what the share is of: "1.60x of at most 1.73x". The limit is that of serial
// code's CPU time: tasks that take less of it together pass it.
func (g gain) String() string {
	got, most := stat.SeriesOf(g.speedup).Median(), stat.SeriesOf(g.limit).Median()
	if got > most {
		return fmt.Sprintf("%s, more than the %s that serial code's CPU time leaves", number.Times(got), number.Times(most))
	}
	return fmt.Sprintf("%s of at most %s", number.Times(got), number.Times(most))
}
