package report

import (
	"fmt"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/variant"
)

// label names a comparison.
func label(c card.Comparison) string {
	text := sides(c)
	// Nearly all comparisons are of throughput: that word would only be noise. What
	// was seen is what the claim is about.
	switch c.Measure {
	case card.Throughput, card.Seen, card.Happens:
		return text
	}
	return c.Measure.Name + ", " + text
}

// sides names what is compared: what both sides share stands once.
func sides(c card.Comparison) string {
	if card.Names(c.Of) {
		return mechanismSides(c.Of, c.Over)
	}
	if len(c.Over.String()) == 0 {
		return short(c.Of)
	}
	task := taskOf(c.Of)
	of, than := modelOf(c.Of), strings.TrimPrefix(short(c.Over), task+" ")
	if n := c.Of.Get("workers"); n != "1" && n == c.Over.Get("workers") {
		of, than = c.Of.Get("model"), fmt.Sprintf("%s, x %s", c.Over.Get("model"), n)
	}
	return fmt.Sprintf("%s: %s over %s", task, of, than)
}

// mechanismSides does the same for variants of mechanisms.
func mechanismSides(of, over variant.Variant) string {
	name := of.Get(card.Key)
	if len(over.String()) == 0 {
		return strings.Join(append([]string{title(name)}, wordsOf(of, nil)...), ", ")
	}
	same := func(key string) bool { return of.Get(key) == over.Get(key) }
	var shared []string
	for _, key := range of.Keys() {
		if same(key) && key != card.Key {
			shared = append(shared, word(key, of.Get(key)))
		}
	}
	return fmt.Sprintf("%s: %s over %s", strings.Join(append([]string{title(name)}, shared...), ", "),
		strings.Join(wordsOf(of, same), " "), strings.Join(wordsOf(over, same), " "))
}

// title is a mechanism in words, where its name alone is a riddle.
func title(name string) string {
	if text, ok := map[string]string{
		"create": "creating and joining", "switch": "a round trip", "submit": "submitting to a pool",
		"flight": "most at once in a pool", "isolation": "a write is seen", "balance": "updates of one number",
		"tickets": "ticket sale", "tally": "counting", "counter": "a shared counter", "relock": "taking a lock twice hangs",
		"lockcost": "taking a lock", "terminate": "still there after the signal", "exits": "way to end told",
		"states": "state", "join": "join with a time-out", "daemon": "child of the kind",
	}[name]; ok {
		return text
	}
	return name
}

// wordsOf are a variant's values, without those of the keys to leave out.
func wordsOf(v variant.Variant, leave func(key string) bool) []string {
	var all []string
	for _, key := range v.Keys() {
		if key != card.Key && (leave == nil || !leave(key)) {
			all = append(all, word(key, v.Get(key)))
		}
	}
	return all
}

// word writes one part of a variant's name so that it can be read without its
// key.
func word(key, value string) string {
	if text, ok := map[string]string{
		"lock=none": "no lock", "placement=one": "on one core", "placement=two": "across two cores",
		"parts=1": "in one write", "parts=2": "in two writes", "adopter=init": "adopted by init",
	}[key+"="+value]; ok {
		return text
	}
	switch key {
	case "workers":
		return "x " + value
	case "size", "wake", "chunk":
		return key + " " + value
	case "count":
		return value + " units"
	case "buyers":
		return value + " buyers"
	case "lock":
		return "with " + value
	}
	return value
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
