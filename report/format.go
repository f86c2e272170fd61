package report

import (
	"fmt"
	"math"
	"strings"

	"parcon/experiments/number"
	"parcon/report/chart"
	"parcon/report/stat"
)

// bound writes what a comparison must satisfy.
func bound(low, high float64, form func(float64) string) string {
	switch {
	case low > 0 && !math.IsInf(high, 1):
		return fmt.Sprintf("%s to %s", form(low), form(high))
	case low > 0:
		return "at least " + form(low)
	}
	return "at most " + form(high)
}

// drawn turns an interval into one that the charts draw.
func drawn(i stat.Interval) chart.Interval {
	if !i.Known() {
		return chart.Interval{Estimate: i.Estimate, Low: math.NaN(), High: math.NaN()}
	}
	return chart.Interval{Estimate: i.Estimate, Low: i.Low, High: i.High}
}

// scaled is drawn in a larger unit.
func scaled(i stat.Interval, unit float64) chart.Interval {
	d := drawn(i)
	return chart.Interval{Estimate: d.Estimate / unit, Low: d.Low / unit, High: d.High / unit}
}

// table writes a Markdown table.
func table(w *strings.Builder, head []string, rows [][]string) {
	line := func(cells []string) {
		for _, c := range cells {
			w.WriteString("| " + strings.ReplaceAll(c, "|", "\\|") + " ")
		}
		w.WriteString("|\n")
	}
	line(head)
	w.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	w.WriteString("\n")
}

// beyond writes a visible difference, a factor above 1: "2.1 %".
func beyond(factor float64) string {
	if math.IsInf(factor, 1) {
		return "none"
	}
	return number.Percent(factor - 1)
}
