package number

import (
	"math"
	"strconv"
	"strings"
)

// Span writes a time given in nanoseconds.
func Span(ns float64) string {
	switch {
	case ns < 1e3:
		return Short(ns) + " ns"
	case ns < 1e6:
		return Short(ns/1e3) + " µs"
	case ns < 1e9:
		return Short(ns/1e6) + " ms"
	}
	return Short(ns/1e9) + " s"
}

// TickSpan writes a time in ns at an axis, where numbers are round: "10 µs".
func TickSpan(ns float64) string {
	units := []string{" ns", " µs", " ms", " s"}
	for len(units) > 1 && ns >= 999.9 {
		ns, units = ns/1e3, units[1:]
	}
	return strconv.FormatFloat(ns, 'g', 3, 64) + units[0]
}

// RoundSpan writes a time in ns with two digits: "20 ms".
func RoundSpan(ns float64) string {
	if ns > 0 {
		digits := math.Pow(10, math.Floor(math.Log10(ns))-1)
		ns = math.Round(ns/digits) * digits
	}
	return TickSpan(ns)
}

// Spaced writes a duration of a variant's name, such as "100us".
func Spaced(duration string) string {
	text := strings.TrimRight(duration, "munsh")
	return text + " " + strings.Replace(duration[len(text):], "us", "µs", 1)
}
