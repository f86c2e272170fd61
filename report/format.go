package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"parcon/report/chart"
	"parcon/report/stat"
)

// number writes three significant digits without an exponent.
func number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 0.095 || a == 0:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// whole writes a count.
func whole(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return fmt.Sprintf("%.0f", v)
}

// grouped writes a count with its thousands apart: "10,000,000".
func grouped(v float64) string {
	text := whole(v)
	for i := len(text) - 3; i > 0 && text[0] >= '0' && text[0] <= '9'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// times writes a ratio: "1.98x".
func times(v float64) string { return number(v) + "x" }

// withInterval writes an estimate and its interval in the given form.
func withInterval(i stat.Interval, form func(float64) string) string {
	if i.N == 0 {
		return "–"
	}
	if !i.Known() {
		return form(i.Estimate) + " (no interval)"
	}
	return fmt.Sprintf("%s (%s to %s)", form(i.Estimate), number(i.Low), number(i.High))
}

// span writes a time given in nanoseconds.
func span(ns float64) string {
	switch {
	case ns < 1e3:
		return number(ns) + " ns"
	case ns < 1e6:
		return number(ns/1e3) + " µs"
	case ns < 1e9:
		return number(ns/1e6) + " ms"
	}
	return number(ns/1e9) + " s"
}

// spans writes a time with its interval.
func spans(i stat.Interval) string {
	switch {
	case i.N == 0:
		return "–"
	case !i.Known():
		return span(i.Estimate)
	}
	return fmt.Sprintf("%s (%s to %s)", span(i.Estimate), span(i.Low), span(i.High))
}

func mebibytes(bytes float64) string { return number(bytes/(1<<20)) + " MiB" }

// bound writes what a comparison must satisfy.
func bound(low, high float64) string {
	switch {
	case low > 0 && !math.IsInf(high, 1):
		return fmt.Sprintf("%s to %s", number(low), number(high))
	case low > 0:
		return "at least " + number(low)
	}
	return "at most " + number(high)
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

// plural writes "1 round" or "8 rounds".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
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

// percent writes a share: "3.1 %".
func percent(share float64) string {
	if math.IsInf(share, 0) || math.IsNaN(share) {
		return "–"
	}
	text := number(100 * share)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " %"
}

// atMostAll is a share that is no more than the whole, whatever the file says: "3 of 2"
// is no measurement.
func atMostAll(share float64) float64 { return min(share, 1) }

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
	return percent(factor - 1)
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
