package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"parcon/experiments/number"
	"parcon/report/chart"
	"parcon/report/stat"
)

// bound writes what a comparison must satisfy.
func bound(low, high float64) string {
	switch {
	case low > 0 && !math.IsInf(high, 1):
		return fmt.Sprintf("%s to %s", number.Short(low), number.Short(high))
	case low > 0:
		return "at least " + number.Short(low)
	}
	return "at most " + number.Short(high)
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
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", "\\|")
		}
		w.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	line(head)
	w.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	w.WriteString("\n")
}

// roughly writes how long something would take, to be read at a glance.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f h", d.Hours())
}

// beyond writes a visible difference, a factor above 1: "2.1 %".
func beyond(factor float64) string {
	if math.IsInf(factor, 1) {
		return "none"
	}
	return number.Percent(factor - 1)
}

// chanceOf writes a p-value.
func chanceOf(p float64) string {
	switch {
	case math.IsNaN(p):
		return "–"
	case p < 0.001:
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", p)
}
