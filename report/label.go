package report

import (
	"cmp"
	"fmt"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/variant"
)

// label names a comparison.
func (c Catalogue) label(k card.Comparison) string {
	text := c.sides(k)
	// Nearly all comparisons are of throughput: that word would only be noise. What
	// was seen is what the claim is about.
	switch k.Measure {
	case card.Throughput, card.Seen, card.Happens:
		return text
	}
	return k.Measure.Name + ", " + text
}

// sides names what is compared: what both sides share stands once.
func (c Catalogue) sides(k card.Comparison) string {
	if card.Names(k.Of) {
		return c.cardSides(k.Of, k.Over)
	}
	if len(k.Over.String()) == 0 {
		return short(k.Of)
	}
	if python := card.Python(k.Of.Get("python")); python != "" { // both sides are of it
		plain := k
		plain.Of, plain.Over = inPython(k.Of), inPython(k.Over)
		task, rest, _ := strings.Cut(c.sides(plain), ": ")
		return fmt.Sprintf("%s in %s: %s", task, python, rest)
	}
	task := taskOf(k.Of)
	of, than := modelOf(k.Of), strings.TrimPrefix(short(k.Over), task+" ")
	if n := k.Of.Get("workers"); n != "1" && n == k.Over.Get("workers") {
		of, than = k.Of.Get("model"), fmt.Sprintf("%s, x %s", k.Over.Get("model"), n)
	}
	return fmt.Sprintf("%s: %s over %s", task, of, than)
}

// inPython is a variant of a CPython without what its comparison says of both sides.
func inPython(v variant.Variant) variant.Variant {
	return v.Without("python").With("model", strings.TrimPrefix(v.Get("model"), "cpython-"))
}

// cardSides does the same for variants of a card.
func (c Catalogue) cardSides(of, over variant.Variant) string {
	one := c.find(of.Get(card.Key))
	what := cmp.Or(one.Label, of.Get(card.Key))
	if len(over.String()) == 0 {
		return strings.Join(append([]string{what}, labels(one, of, nil)...), ", ")
	}
	same := func(key string) bool { return of.Get(key) == over.Get(key) }
	shared := labels(one, of, func(key string) bool { return !same(key) })
	return fmt.Sprintf("%s: %s over %s", strings.Join(append([]string{what}, shared...), ", "),
		strings.Join(labels(one, of, same), " "), strings.Join(labels(one, over, same), " "))
}

// labels are a variant's values in words, without those of the keys to leave out.
func labels(of card.Card, v variant.Variant, leave func(key string) bool) []string {
	var all []string
	for _, key := range v.Keys() {
		if key != card.Key && (leave == nil || !leave(key)) {
			all = append(all, of.Choice(key).Label(v.Get(key)))
		}
	}
	return all
}

func short(v variant.Variant) string {
	return taskOf(v) + " " + modelOf(v)
}

func modelOf(v variant.Variant) string {
	if v.Get("workers") == "1" {
		return v.Get("model")
	}
	return v.Get("model") + " x " + v.Get("workers")
}
