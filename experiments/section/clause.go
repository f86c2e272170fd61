package section

import (
	"fmt"
	"slices"
	"strings"

	"parcon/experiments/number"
)

// A Clause is a part of a finding, "" if it was not measured.
type Clause func(Samples) string

// Say makes a finding of clauses.
func Say(s Samples, clauses ...Clause) string { return Sentence(each(s, clauses)...) }

// Sentence joins what is said and begins with a capital; "" of nothing.
func Sentence(said ...string) string {
	text := Joined("; ", said...)
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Joined joins texts without those that are empty.
func Joined(by string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(t string) bool { return t == "" }), by)
}

func each(s Samples, clauses []Clause) []string {
	said := make([]string, len(clauses))
	for i, c := range clauses {
		said[i] = c(s)
	}
	return said
}

// List joins clauses by commas.
func List(clauses ...Clause) Clause {
	return func(s Samples) string { return Joined(", ", each(s, clauses)...) }
}

// Lean joins clauses of which the further ones make no sense without the first.
func Lean(first Clause, further ...Clause) Clause {
	return func(s Samples) string {
		said := first(s)
		if said == "" {
			return ""
		}
		return Joined(", ", append([]string{said}, each(s, further)...)...)
	}
}

// Counted says what the variants of a pick counted: "3 of 1,400 (0.21 %)".
func Counted(unit, format string, pairs ...string) Clause {
	return func(s Samples) string { return s.Total(unit, s.With(pairs...)...).In(format) }
}

// Folded says a ratio without its interval, as in a chart's title.
func Folded(unit, format string, of, over Pick) Clause {
	return func(s Samples) string { return s.Fold(s.Over(s.The(of...), s.The(over...), unit), format) }
}

// Compared says a ratio with its interval.
func Compared(unit, format string, of, over Pick) Clause {
	return func(s Samples) string { return Ratio(s.Over(s.The(of...), s.The(over...), unit), format) }
}

// Fold puts a ratio into a title, without its interval unless all is told, "" if it was
// not measured.
func (s Samples) Fold(ratio number.Interval, format string) string {
	switch {
	case ratio.N == 0:
		return ""
	case s.Whole && ratio.Known():
		return fmt.Sprintf(format, ratio.In(number.Times))
	}
	return fmt.Sprintf(format, number.Told(ratio))
}

// Ratio puts a ratio into a sentence, "" if it was not measured. That too few rounds
// for an interval were made is said elsewhere.
func Ratio(ratio number.Interval, format string) string {
	switch {
	case ratio.N == 0:
		return ""
	case !ratio.Known():
		return fmt.Sprintf(format, number.Times(ratio.Estimate))
	}
	return fmt.Sprintf(format, ratio.In(number.Times))
}
