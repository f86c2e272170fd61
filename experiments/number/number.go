// Package number writes numbers as a report has them: with three digits and a unit,
// and estimates with their intervals. What is no number is a dash. Everything here is
// a pure function.
package number

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Short writes three significant digits without an exponent.
func Short(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case a >= 10_000:
		return Grouped(v)
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 0.095 || a == 0:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// Whole writes a count.
func Whole(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return fmt.Sprintf("%.0f", v)
}

// Grouped writes a count with its thousands apart: "10,000,000".
func Grouped(v float64) string {
	text := Whole(v)
	for i := len(text) - 3; i > 0 && text[0] >= '0' && text[0] <= '9'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Thousands writes a number of a variant's name with its thousands apart.
func Thousands(text string) string {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return Grouped(n)
}

// Plural writes "1 round" or "8 rounds".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "try"); ok {
		return fmt.Sprintf("%d %stries", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Times writes a ratio: "1.98x".
func Times(v float64) string { return Short(v) + "x" }

// Fold writes a ratio with two digits: "38x", "1.1x", and with three near 1.
func Fold(ratio float64) string {
	switch {
	case ratio >= 9.95:
		return Grouped(ratio) + "x"
	case ratio >= 1.095:
		return strconv.FormatFloat(ratio, 'f', 1, 64) + "x"
	}
	return Times(ratio)
}

// Told writes a ratio as Fold does, and one of which the interval reaches to more than twice
// its lower end as that interval: "between 0.22x and 293x". A title has no room for more.
func Told(ratio Interval) string {
	if ratio.Known() && ratio.High > 2*ratio.Low {
		return "between " + Fold(ratio.Low) + " and " + Fold(ratio.High)
	}
	return Fold(ratio.Estimate)
}

// Percent writes a share: "3.1 %".
func Percent(share float64) string {
	if math.IsInf(share, 0) || math.IsNaN(share) {
		return "–"
	}
	text := Short(100 * share)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " %"
}

// AtMostAll is a share that is no more than the whole, whatever a file says: "3 of 2"
// is no measurement.
func AtMostAll(share float64) float64 { return min(share, 1) }

// Rare writes a rate that may be small: three digits, or none at all.
func Rare(rate float64) string {
	switch {
	case rate == 0:
		return "none"
	case rate < 0.01:
		return strconv.FormatFloat(rate, 'g', 1, 64)
	case rate >= 100:
		return Grouped(rate)
	}
	return Short(rate)
}

// Rate writes how many there are in a second: "3.73k".
func Rate(perSecond float64) string {
	switch {
	case perSecond >= 999_500:
		return Short(perSecond/1e6) + "M"
	case perSecond >= 999.5:
		return Short(perSecond/1e3) + "k"
	}
	return Short(perSecond)
}

// Mebibytes writes a number of bytes.
func Mebibytes(bytes float64) string { return Short(bytes/(1<<20)) + " MiB" }
