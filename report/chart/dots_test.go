package chart

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Panels can be compared only if the same place means the same number.
func TestSharedPanelsHaveOneAxis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 5).Draw(t, "rows")
		panels := make([]Panel, rapid.IntRange(1, 4).Draw(t, "panels"))
		low, high := math.Inf(1), 0.0
		for i := range panels {
			panels[i].Log, panels[i].Shared = true, rapid.Bool().Draw(t, "shared")
			for range rows {
				v := rapid.Float64Range(0.01, 1e6).Draw(t, "value")
				panels[i].Values = append(panels[i].Values, Interval{v, math.NaN(), math.NaN()})
				if panels[i].Shared {
					low, high = min(low, v), max(high, v)
				}
			}
		}
		for i := range panels {
			values, _ := scope(panels, i, rows)
			own, _ := scope(panels[i:i+1], 0, rows)
			if panels[i].Shared && (values.lo != low || values.hi != high) {
				t.Fatalf("panel %d reaches from %v to %v, all together from %v to %v", i, values.lo, values.hi, low, high)
			}
			if !panels[i].Shared && values != own {
				t.Fatalf("panel %d has the axis of others: %+v, its own is %+v", i, values, own)
			}
		}
	})
}
