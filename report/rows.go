package report

import (
	"fmt"
	"slices"
	"strings"
)

// benchmark is what a row is of: benchmarks of one name in two packages, or under two
// configurations that a file has, are two.
type benchmark struct{ pkg, name, config string }

// sampled are the samples of a benchmark.
type sampled struct {
	values []float64
	rounds []int // of the values, where every line tells its round
}

// A listing is the benchmarks of a side as they are compared.
type listing struct {
	names []benchmark // in the order of their first sample
	of    map[benchmark]sampled
}

// listings sorts the samples of both sides into benchmarks. What is ignored does not
// tell them apart.
func listings(old, new *Side, ignored []string) (a, b listing, notes []string) {
	keys := slices.DeleteFunc(mixedKeys(old, new), func(key string) bool { return slices.Contains(ignored, key) })
	bare := slices.Contains(ignored, "pkg") || lostPackage(old, new)
	a, together := old.list(keys, bare)
	b, alsoTogether := new.list(keys, bare)
	if len(keys) > 0 {
		notes = append(notes, fmt.Sprintf("samples of several %s are in one file: they are kept apart (--ignore %s puts them together)", strings.Join(keys, " and "), strings.Join(keys, ",")))
	}
	if all := append(together, alsoTogether...); len(all) > 0 {
		slices.Sort(all)
		notes = append(notes, fmt.Sprintf("samples that differ in %s are put together: %s", strings.Join(ignored, " and "), list(slices.Compact(all))))
	}
	return a, b, notes
}

// mixedKeys are the keys of which a benchmark has several values in one file: two commits,
// two hosts.
func mixedKeys(sides ...*Side) []string {
	var keys []string
	for _, s := range sides {
		first := map[benchmark]*group{}
		for _, g := range s.groups {
			b := benchmark{pkg: g.pkg, name: g.name}
			if first[b] == nil {
				first[b] = g
				continue
			}
			for _, e := range slices.Concat(g.config, first[b].config) {
				if e.Key != "pkg" && !slices.Contains(moments, e.Key) && g.config.Get(e.Key) != first[b].config.Get(e.Key) && !slices.Contains(keys, e.Key) {
					keys = append(keys, e.Key)
				}
			}
		}
	}
	return keys
}

// lostPackage says whether names alone count, because one side has lost its "pkg"
// line, as after grep, and the other has one package: no two benchmarks become one.
func lostPackage(old, new *Side) bool {
	p, q := packages(old), packages(new)
	return len(p) == 1 && len(q) == 1 && (p[""] || q[""])
}

func packages(sides ...*Side) map[string]bool {
	all := map[string]bool{}
	for _, s := range sides {
		for _, g := range s.groups {
			all[g.pkg] = true
		}
	}
	return all
}

// list sorts a side's samples into benchmarks that these keys tell apart, and the
// package unless bare. together are the names of those that have the samples of several
// configurations.
func (s *Side) list(keys []string, bare bool) (l listing, together []string) {
	l.of = map[benchmark]sampled{}
	for _, g := range s.groups {
		b := benchmark{pkg: g.pkg, name: g.name}
		if bare {
			b.pkg = ""
		}
		var parts []string
		for _, key := range keys {
			if v := g.config.Get(key); v != "" {
				parts = append(parts, key+" "+v)
			}
		}
		b.config = strings.Join(parts, ", ")
		have, ok := l.of[b]
		if !ok {
			l.names = append(l.names, b)
		} else if s.differs(g, keys, bare) {
			together = append(together, b.name)
		}
		l.of[b] = sampled{append(have.values, g.values...), append(have.rounds, g.rounds...)}
	}
	return l, together
}

// differs says whether a group is put together with others that some key tells apart.
func (s *Side) differs(g *group, keys []string, bare bool) bool {
	for _, other := range s.groups {
		if other.name != g.name || !bare && other.pkg != g.pkg {
			continue
		}
		for _, e := range slices.Concat(g.config, other.config) {
			if !slices.Contains(keys, e.Key) && !slices.Contains(moments, e.Key) && g.config.Get(e.Key) != other.config.Get(e.Key) {
				return true
			}
		}
	}
	return false
}

// naming returns how benchmarks are called: with their package where the sides
// have several.
func naming(all ...listing) func(benchmark) string {
	pkgs := map[string]bool{}
	for _, l := range all {
		for _, b := range l.names {
			pkgs[b.pkg] = true
		}
	}
	return func(b benchmark) string {
		text := b.name
		if len(pkgs) > 1 && b.pkg != "" {
			text = b.pkg + "." + text
		}
		if b.config != "" {
			text += " (" + b.config + ")"
		}
		return text
	}
}

// pairs returns the samples that belong together: those of one round, where both
// sides tell their rounds, else the i-th of both. whole says that each had a partner.
func pairs(x, y sampled) (of, over []float64, whole bool) {
	if len(x.rounds) == len(x.values) && len(y.rounds) == len(y.values) {
		return byRound(x.values, y.values, x.rounds, y.rounds)
	}
	n := min(len(x.values), len(y.values))
	return x.values[:n], y.values[:n], len(x.values) == len(y.values)
}

func byRound(x, y []float64, xRounds, yRounds []int) (a, b []float64, whole bool) {
	at := map[int]int{}
	for i, round := range yRounds {
		at[round] = i
	}
	for i, round := range xRounds {
		if j, ok := at[round]; ok {
			a, b = append(a, x[i]), append(b, y[j])
			delete(at, round)
		}
	}
	return a, b, len(a) == len(x) && len(b) == len(y)
}

// unmatched says why no benchmark is in both sides, and what to do.
func unmatched(old, new *Side, onlyOld, onlyNew, ignored []string) error {
	text := fmt.Sprintf("nothing to compare: no benchmark is in both %s (it has %s) and %s (it has %s)", old.Name, list(onlyOld), new.Name, list(onlyNew))
	if keys := toIgnore(old, new, ignored); keys != "" {
		text += fmt.Sprintf(": they differ in %s: if it is to be left out of account, say --ignore %s", strings.ReplaceAll(keys, ",", " and "), keys)
	}
	return fmt.Errorf("%s", text)
}

// toIgnore is what to ignore so that benchmarks which have no partner find one, "" if
// that does not help.
func toIgnore(old, new *Side, ignored []string) string {
	has := func(also ...string) int {
		a, b, _ := listings(old, new, slices.Concat(ignored, also))
		n := 0
		for _, name := range a.names {
			if _, ok := b.of[name]; ok {
				n++
			}
		}
		return n
	}
	now, keys := has(), mixedKeys(old, new)
	for _, try := range [][]string{{"pkg"}, keys, append([]string{"pkg"}, keys...)} {
		try = slices.DeleteFunc(slices.Clone(try), func(key string) bool { return slices.Contains(ignored, key) })
		if len(try) > 0 && has(try...) > now {
			return strings.Join(try, ",")
		}
	}
	return ""
}

// list names the first of many.
func list(names []string) string {
	const most = 4
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), len(names)-most+1)
}

func sorted[V any](set map[string]V) []string {
	var all []string
	for v := range set {
		all = append(all, v)
	}
	slices.Sort(all)
	return all
}
