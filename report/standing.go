package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"parcon/experiments/number"
	"parcon/results"
)

// NotAsked stands where a run did not ask for a claim, or its version of the catalogue
// did not have it.
const NotAsked Verdict = "not asked"

// A Ruling is what one run says of a claim.
type Ruling struct {
	ID, Text string
	Verdict  Verdict
}

// An Accord says how far several runs agree on a claim.
type Accord string

// The accords, as they are listed. Only what two runs have decided the opposite way is a
// difference: what one of them left open says nothing.
const (
	Differs     Accord = "differs"          // holds here and is refuted there
	HoldAll     Accord = "holds everywhere" // decided by all
	RefutedAll  Accord = "refuted everywhere"
	HoldSome    Accord = "holds where it is decided"
	RefutedSome Accord = "refuted where it is decided"
	Open        Accord = "decided nowhere"
)

var accords = []Accord{Differs, HoldAll, RefutedAll, HoldSome, RefutedSome, Open}

// A Standing is a claim with its verdict in each of several runs.
type Standing struct {
	ID, Text string
	Verdicts []Verdict // in the order of the runs
	Accord   Accord
}

// Standings puts the rulings of several runs side by side: first the claims on which they
// differ, then those that all decided alike, then the others, of which first those that most
// decided, each in the order of less.
func Standings(runs [][]Ruling, less func(a, b string) int) []Standing {
	var all []Standing
	at := map[string]int{}
	for i, rulings := range runs {
		for _, r := range rulings {
			k, known := at[r.ID]
			if !known {
				k = len(all)
				at[r.ID] = k
				all = append(all, Standing{ID: r.ID, Text: r.Text, Verdicts: slices.Repeat([]Verdict{NotAsked}, len(runs))})
			}
			all[k].Verdicts[i] = r.Verdict
		}
	}
	for i := range all {
		all[i].Accord = accordOf(all[i].Verdicts)
	}
	slices.SortStableFunc(all, func(a, b Standing) int {
		return cmp.Or(slices.Index(accords, a.Accord)-slices.Index(accords, b.Accord), b.decided()-a.decided(), less(a.ID, b.ID))
	})
	return all
}

// decided is how many runs have.
func (s Standing) decided() int {
	n := 0
	for _, v := range s.Verdicts {
		if v == Holds || v == Refuted {
			n++
		}
	}
	return n
}

// short is how far the runs agree, in a few words.
func (s Standing) short() string {
	switch of := fmt.Sprintf("in %d of %d", s.decided(), len(s.Verdicts)); s.Accord {
	case HoldSome:
		return "holds " + of
	case RefutedSome:
		return "refuted " + of
	}
	return string(s.Accord)
}

// accordOf sums up the verdicts on one claim.
func accordOf(verdicts []Verdict) Accord {
	n := map[Verdict]int{}
	for _, v := range verdicts {
		n[v]++
	}
	switch {
	case n[Holds] > 0 && n[Refuted] > 0:
		return Differs
	case n[Holds] == len(verdicts):
		return HoldAll
	case n[Refuted] == len(verdicts):
		return RefutedAll
	case n[Holds] > 0:
		return HoldSome
	case n[Refuted] > 0:
		return RefutedSome
	}
	return Open
}

// finding is the first sentence of a report on several runs, which are called machines
// or runs.
func finding(all []Standing, runs int, noun string) string {
	if len(all) == 0 {
		return fmt.Sprintf("None of these %s asked for a claim; what each has measured stands below.", number.Plural(runs, noun))
	}
	ids := map[Accord][]string{}
	for _, s := range all {
		ids[s.Accord] = append(ids[s.Accord], s.ID)
	}
	every := fmt.Sprintf("on all %s", number.Plural(runs, noun))
	if runs == 2 {
		every = "on both " + noun + "s"
	}
	if noun == "run" {
		every = strings.Replace(every, "on ", "in ", 1)
	}
	parts := []string{fmt.Sprintf("%s %s", verbOf(len(ids[HoldAll]), "holds", "hold"), every)}
	if n := ids[RefutedAll]; len(n) > 0 {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", verbOf(len(n), "is refuted", "are refuted"), every, strings.Join(n, ", ")))
	}
	if n := ids[Differs]; len(n) > 0 {
		parts = append(parts, fmt.Sprintf("%s: %s", verbOf(len(n), "differs", "differ"), strings.Join(n, ", ")))
	} else {
		parts = append(parts, "none is found to differ")
	}
	text := fmt.Sprintf("Of %s %s", number.Plural(len(all), "claim"), strings.Join(parts, ", "))
	if n := len(ids[HoldSome]) + len(ids[RefutedSome]); n > 0 {
		text += fmt.Sprintf("; %s decided by some of them only", verbOf(n, "is", "are"))
		alike := 0
		for _, s := range all {
			if (s.Accord == HoldSome || s.Accord == RefutedSome) && s.decided() > 1 {
				alike++
			}
		}
		if alike > 0 {
			text += fmt.Sprintf(", %d of these by more than one and alike", alike)
		}
	}
	if n := len(ids[Open]); n > 0 {
		text += fmt.Sprintf("; %s decided by none", verbOf(n, "is", "are"))
	}
	return text + "."
}

// verbOf writes how many do something: "1 holds", "40 hold", "none holds".
func verbOf(n int, one, many string) string {
	switch n {
	case 0:
		return "none " + one
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// distinct names runs by their hosts. Where two of them were on one host, or a file does
// not tell, the folder's name stands beside or in its place.
func distinct(hosts, folders []string) []string {
	names := slices.Clone(hosts)
	for i, host := range hosts {
		if host == "" || host == results.Unknown {
			names[i] = lastPart(folders[i])
		}
	}
	for _, beside := range []func(folder string) string{lastPart, func(folder string) string { return folder }} {
		count := map[string]int{}
		for _, name := range names {
			count[name]++
		}
		for i, name := range names {
			if count[name] > 1 {
				names[i] = fmt.Sprintf("%s (%s)", cmp.Or(hosts[i], results.Unknown), beside(folders[i]))
			}
		}
	}
	return names
}

// lastPart is the name of a folder without the path to it.
func lastPart(folder string) string {
	clean := strings.TrimRight(strings.ReplaceAll(folder, "\\", "/"), "/")
	return cmp.Or(clean[strings.LastIndexByte(clean, '/')+1:], folder)
}
