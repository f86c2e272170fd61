package chapters

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"

	"parcon/experiments/card"
	"parcon/experiments/tasks"
	"parcon/experiments/tasks/model"
	"parcon/experiments/variant"
)

// Choose finds what a user named: experiments, claims, variants, and patterns of
// variants such as "model=gil/workers=2,4,8" or "workload=*/model=gil". It returns
// the experiments to measure, and their names with every pattern written out: by
// these, a result file says what was asked. An error is a mistake in what was
// asked and names the nearest right word.
func Choose(names []string, s card.Scale) ([]card.Chapter, []string, error) {
	var plain, variants []string
	named := map[string]string{} // how each variant was written
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, nil, fmt.Errorf("%s is named twice: name it once, and use --rounds for more trials", name)
		}
		if strings.Contains(name, "=") {
			found, err := expand(name, s)
			if err != nil {
				return nil, nil, err
			}
			for _, v := range found {
				if had := named[meaning(v)]; had != "" && had != v {
					return nil, nil, fmt.Errorf("%s and %s are one variant: name it once, and use --rounds for more trials", had, v)
				}
				named[meaning(v)] = v
			}
			variants = append(variants, found...)
			continue
		}
		word, err := known(name, s)
		if err != nil {
			return nil, nil, err
		}
		plain = append(plain, word)
	}
	plain, variants = once(plain), once(variants)
	var chosen []card.Chapter
	for _, e := range card.Asked(All, plain) {
		if slices.Contains(plain, e.Name) || len(e.ClaimsOf(plain, s)) > 0 {
			if len(e.Cases(s)) == 0 {
				return nil, nil, fmt.Errorf("%s cannot be measured here: %s", e.Claims(s)[0].ID, e.Claims(s)[0].Unmeasured)
			}
			chosen = append(chosen, e)
		}
	}
	if len(variants) > 0 {
		e, err := Single(variants, s)
		if err != nil {
			return nil, nil, err
		}
		chosen = append(chosen, e)
	}
	return chosen, slices.Concat(plain, variants), nil
}

// meaning is one name for all spellings of a variant: its parts in one order, its
// durations in one unit, and the one worker of serial written out.
func meaning(name string) string {
	v, err := variant.Parse(name)
	if err != nil {
		return name
	}
	if v.Get("model") == "serial" && v.Get("workers") == "" {
		v = v.With("workers", "1")
	}
	var plain variant.Variant
	for _, key := range slices.Sorted(slices.Values(v.Keys())) {
		value := v.Get(key)
		if d, err := time.ParseDuration(value); err == nil {
			value = d.String()
		}
		plain = plain.With(key, value)
	}
	return plain.String()
}

// known is the name of an experiment or the ID of a claim, as the catalogue
// writes it.
func known(name string, s card.Scale) (string, error) {
	var words []string
	for _, e := range All {
		words = append(words, e.Name)
		for _, c := range e.Claims(s) {
			words = append(words, c.ID)
		}
	}
	for _, word := range words {
		if strings.EqualFold(word, name) {
			return word, nil
		}
	}
	return "", unknown("experiment or claim", name, words)
}

// unknown says that there is no such word, and which is the nearest.
func unknown(what, word string, words []string) error {
	if nearest := Nearest(word, words); nearest != "" {
		return fmt.Errorf("%s %q is not known: did you mean %q? `parcon list` shows them all", what, word, nearest)
	}
	return fmt.Errorf("%s %q is not known: `parcon list` shows those that are", what, word)
}

// Nearest is the word of some that another was meant to be, "" if none is near.
func Nearest(word string, words []string) string {
	if len(words) == 0 {
		return ""
	}
	nearest := slices.MinFunc(words, func(a, b string) int {
		return distance(word, a) - distance(word, b)
	})
	if far := distance(word, nearest); far > max(2, len(word)/2) || far >= len(word) {
		return ""
	}
	return nearest
}

func distance(a, b string) int {
	return levenshtein.ComputeDistance(strings.ToLower(a), strings.ToLower(b))
}

// once drops what stands there before.
func once(names []string) []string {
	var kept []string
	for _, name := range names {
		if !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	return kept
}

// expand writes out a pattern: values after commas one by one, and the signs of
// path.Match (*, ?, [ab]) by what the catalogue knows. A name that is no pattern
// stands for itself.
func expand(name string, s card.Scale) ([]string, error) {
	names := []string{""}
	for part := range strings.SplitSeq(name, "/") {
		key, values, _ := strings.Cut(part, "=")
		var longer []string
		for _, before := range names {
			for value := range strings.SplitSeq(values, ",") {
				longer = append(longer, strings.TrimPrefix(before+"/"+key+"="+value, "/"))
			}
		}
		names = longer
	}
	if !strings.ContainsAny(name, ",*?[") {
		v, err := variant.Parse(name)
		if err != nil {
			return nil, err
		}
		return []string{name}, complete(v, s.Cores)
	}
	var found []string
	for _, one := range names {
		more, err := matches(one, s)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// matches are the variants that a pattern without commas stands for: those of the
// whole catalogue, or where all of its values but the workload's are written out,
// these with every workload that fits.
func matches(pattern string, s card.Scale) ([]string, error) {
	p, err := variant.Parse(pattern)
	if err != nil {
		return nil, err
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("pattern %q: %w: a [ needs its ]", pattern, err)
	}
	var found []string
	if p.Get(card.Key) == "" && p.Get("model") != "" && !strings.ContainsAny(p.Without("workload").String(), "*?[") {
		for _, w := range tasks.Workloads {
			if ok, _ := path.Match(orAny(p.Get("workload")), w.Name); ok {
				found = append(found, variant.New("workload", w.Name).String()+"/"+p.Without("workload").String())
			}
		}
		if len(found) > 0 {
			v, _ := variant.Parse(found[0])
			return found, complete(v, s.Cores)
		}
	}
	deep := card.Scale{Cores: s.Cores, Depth: card.Full, System: s.System, Pythons: s.Pythons}
	for _, e := range All {
		for _, c := range e.Cases(deep) {
			if c.Variant.Get("twin") == "" && fits(p, c.Variant) {
				found = append(found, c.Variant.String())
			}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no variant is like %q: `parcon list` shows workloads, models and mechanisms", pattern)
	}
	return found, nil
}

func orAny(pattern string) string {
	if pattern == "" {
		return "*"
	}
	return pattern
}

// fits says whether a variant has all that a pattern names.
func fits(pattern, v variant.Variant) bool {
	for _, key := range pattern.Keys() {
		if ok, _ := path.Match(pattern.Get(key), v.Get(key)); !ok || v.Get(key) == "" {
			return false
		}
	}
	return true
}

// complete says what is wrong with a variant that was written by hand, or missing
// in it.
func complete(v variant.Variant, cores int) error {
	if v.Get("twin") != "" {
		return fmt.Errorf("variant %q: twin= marks the second copies that parcon makes itself: leave it out", v)
	}
	if card.Names(v) {
		return completeCard(v)
	}
	for _, key := range v.Keys() {
		if !slices.Contains(tasks.Keys, key) {
			return unknown("key", key, append([]string{card.Key}, tasks.Keys...))
		}
	}
	var workloads, models []string
	for _, w := range tasks.Workloads {
		workloads = append(workloads, w.Name)
	}
	for _, m := range model.All {
		models = append(models, m.Name)
	}
	for _, word := range []struct {
		key, example string
		known        []string
	}{{"workload", "primes", workloads}, {"model", "pool", models}} {
		switch value := v.Get(word.key); {
		case value == "":
			return fmt.Errorf("variant %q has no %s: write, for example, %s", v, word.key, example(v, word.key, word.example, cores))
		case !slices.Contains(word.known, value):
			return unknown(word.key, value, word.known)
		}
	}
	if v.Get("workers") == "" && v.Get("model") != "serial" {
		return fmt.Errorf("variant %q has no number of workers: write, for example, %s", v, v.With("workers", strconv.Itoa(cores)))
	}
	_, err := tasks.Parse(v.String())
	return err
}

// example is a whole name that has a key which v lacks, and what v has.
func example(v variant.Variant, key, value string, cores int) variant.Variant {
	whole := variant.New("workload", "primes", "model", "pool", "workers", strconv.Itoa(cores)).With(key, value)
	for _, had := range v.Keys() {
		whole = whole.With(had, v.Get(had))
	}
	return whole
}

func completeCard(v variant.Variant) error {
	var names []string
	for _, m := range Cards() {
		names = append(names, m.Name)
	}
	if name := v.Get(card.Key); !slices.Contains(names, name) {
		return unknown("mechanism", name, names)
	}
	_, _, err := card.Parse(Cards(), v.String())
	return err
}
