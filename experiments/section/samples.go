package section

import (
	"slices"
	"strings"

	"parcon/experiments/number"
	"parcon/experiments/variant"
)

// A Source has the numbers. What has no samples has an interval of none.
type Source interface {
	// Center is the median of a unit over the trials of a variant.
	Center(v variant.Variant, unit string) number.Interval
	// Ratio is the median of the ratios in each round.
	Ratio(of variant.Variant, unit string, over variant.Variant, than string) number.Interval
	// Counts are what each trial counted by a unit, and its tries.
	Counts(v variant.Variant, unit string) (counted, tries []float64)
	// Busy is how many cores a variant kept busy.
	Busy(v variant.Variant) number.Interval
	// Occurrence writes how often something was seen, with an interval of its rate.
	Occurrence(v variant.Variant, unit string) string
	// Most is the largest value of all trials.
	Most(v variant.Variant, unit string) float64
	// Word is a value of a key, as a reader has it; Label is one beside others, where
	// it must be seen of which key it is.
	Word(key, value string) string
	Label(key, value string) string
	// Compare orders two values of a key.
	Compare(key, a, b string) int
	// Card are the samples of another card of the chapter; of the grid's variants if
	// it has no name.
	Card(name string) Samples
}

// Samples are the trials of a card.
type Samples struct {
	Source
	Variants []variant.Variant // that have trials, in order, no second ones
	Cores    int
	Interval string // "95 % interval"
	On       string // "2 cores"
	// Whole says ratios with their intervals also where a title leaves these out.
	Whole bool
}

// A Pick is keys and values, in turn, that a variant has.
type Pick []string

// With are the variants that have all these keys and values.
func (s Samples) With(pairs ...string) []variant.Variant {
	var found []variant.Variant
	for _, v := range s.Variants {
		has := true
		for i := 0; i+1 < len(pairs); i += 2 {
			has = has && v.Get(pairs[i]) == pairs[i+1]
		}
		if has {
			found = append(found, v)
		}
	}
	return found
}

// The is the first of them. Where there is none it is one that has no trials.
func (s Samples) The(pairs ...string) variant.Variant {
	if found := s.With(pairs...); len(found) > 0 {
		return found[0]
	}
	return variant.Variant{}
}

// Last is the last of them: that with the most workers, where only these differ.
func (s Samples) Last(pairs ...string) variant.Variant {
	if found := s.With(pairs...); len(found) > 0 {
		return found[len(found)-1]
	}
	return variant.Variant{}
}

// Values lists those that a key has, in order.
func (s Samples) Values(key string) []string {
	var values []string
	for _, v := range s.Variants {
		if value := v.Get(key); value != "" && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	slices.SortStableFunc(values, func(a, b string) int { return s.Compare(key, a, b) })
	return values
}

// Over is the ratio of two variants in one unit.
func (s Samples) Over(of, over variant.Variant, unit string) number.Interval {
	return s.Ratio(of, unit, over, unit)
}

// Total is what variants counted together.
func (s Samples) Total(unit string, variants ...variant.Variant) Total {
	var t Total
	for _, v := range variants {
		counted, tries := s.Counts(v, unit)
		for i := range counted {
			t.Count, t.Tries = t.Count+counted[i], t.Tries+tries[i]
		}
	}
	return t
}

// wordsOfModels say what models are that are no plain words.
var wordsOfModels = []struct{ model, words string }{
	{"pool", "pool: goroutines that take tasks from a channel"},
	{"gil", "gil: threads of which one runs at a time"},
	{"gil-lock", "gil-lock: threads that compute only with a lock, which is handed over as CPython's is"},
	{"loop", "loop: goroutines on one core"},
	{"coroutine", "coroutine: gives up its turn only where it says so"},
}

// Explain explains the models that are values of a key; each sentence begins with a
// space.
func (s Samples) Explain(key string) string {
	text := ""
	for _, w := range wordsOfModels {
		if slices.Contains(s.Values(key), w.model) {
			text += " " + w.words + "."
		}
	}
	return text
}

// Fill puts what the samples know into the places of a text.
func (s Samples) Fill(text string) string {
	return strings.NewReplacer("{interval}", s.Interval, "{cores}", s.On,
		"{workers}", number.Plural(max(2, s.Cores), "worker"), "{goroutines}", number.Plural(max(2, s.Cores), "goroutine")).Replace(text)
}
