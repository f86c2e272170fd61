package card

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"parcon/experiments/variant"
)

// A Chapter is the cards on one subject. A run measures it as one experiment: each
// of its rounds holds every variant of all its cards once.
type Chapter struct {
	Name     string // as in `parcon run NAME`
	Title    string // in a report; "" if its own pages tell of it, as of the grid's
	Question string
	Cards    []Card
	// Only are the IDs of the claims that were asked for; nil for all. Of a chapter
	// of which only some are asked, what they compare is measured, and its A/A pairs.
	Only []string
}

// A Case is a variant and how many tasks one trial of it runs.
type Case struct {
	Variant variant.Variant
	Tasks   int
}

// Run is a case: so many tasks of a variant.
func Run(tasks int, v variant.Variant) Case { return Case{v, tasks} }

// Of builds the variant of a card from alternating keys and values.
func Of(name string, pairs ...string) variant.Variant {
	return variant.New(append([]string{Key, name}, pairs...)...)
}

// Itoa writes a number as a value of a variant.
func Itoa(n int) string { return strconv.Itoa(n) }

// Second is a variant under a second name. The two are the same, so a report
// that calls them different is wrong: every block of variants hides one. A card gives one
// of its cheapest variant, as each costs a trial in every round.
func Second(c Case) Case { return Case{c.Variant.With(AA, "1"), c.Tasks} }

// Cases are the variants that are measured at a scale, without those that need
// what is not there.
func (c Chapter) Cases(s Scale) []Case {
	var all []Case
	for _, one := range c.Cards {
		if one.Cases == nil || one.Unmet(s) != "" {
			continue
		}
		all = append(all, one.Cases(s)...)
	}
	if c.Only != nil {
		compared := map[string]bool{}
		for _, claim := range c.Claims(s) {
			for _, k := range claim.AllComparisons() {
				compared[k.Of.String()], compared[k.Over.String()] = true, true
			}
		}
		all = slices.DeleteFunc(all, func(k Case) bool { return !compared[k.Variant.Without(AA).String()] })
	}
	return Unique(all)
}

// ComparedWith names, by the name of a variant, those that claims compare it with, and for the
// second one of an A/A pair the first.
func (c Chapter) ComparedWith(s Scale) map[string][]string {
	with := map[string][]string{}
	for _, claim := range c.Claims(s) {
		for _, k := range claim.AllComparisons() {
			with[k.Of.String()] = append(with[k.Of.String()], k.Over.String())
		}
	}
	for _, k := range c.Cases(s) {
		if k.Variant.Get(AA) != "" {
			with[k.Variant.String()] = append(with[k.Variant.String()], k.Variant.Without(AA).String())
		}
	}
	return with
}

// Unique drops cases that another one already is, as happens when the number
// of cores is 1.
func Unique(cases []Case) []Case {
	seen := map[string]bool{}
	var kept []Case
	for _, c := range cases {
		if name := c.Variant.String(); !seen[name] {
			seen[name] = true
			kept = append(kept, c)
		}
	}
	return kept
}

// Claims are those that the chapter decides, by ID. One whose needs are not met,
// or those of a card whose variants it compares, is Unmeasured.
func (c Chapter) Claims(s Scale) []Claim {
	var all []Claim
	for _, one := range c.Cards {
		if one.Claims == nil {
			continue
		}
		for _, claim := range one.Claims(s) {
			if c.Only != nil && !slices.Contains(c.Only, claim.ID) {
				continue
			}
			claim.Unmeasured = s.unmet(append(c.needsOf(claim), claim.Needs...))
			claim.Beside = slices.Clone(claim.Beside)
			for i, beside := range claim.Beside {
				claim.Beside[i].Unmeasured = s.unmet(append(c.needsOf(beside), beside.Needs...))
			}
			all = append(all, claim)
		}
	}
	slices.SortStableFunc(all, func(a, b Claim) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), strings.Compare(a.ID, b.ID))
	})
	return all
}

// Told are the IDs of the claims that sections of the cards tell of.
func (c Chapter) Told() []string {
	var ids []string
	for _, one := range c.Cards {
		if one.Sections == nil {
			continue
		}
		for _, s := range one.Sections() {
			ids = append(ids, s.Claims...)
		}
	}
	return ids
}

// ClaimsOf are the chapter's claims that names hold.
func (c Chapter) ClaimsOf(names []string, s Scale) []Claim {
	c.Only = append([]string{}, names...) // not nil, which would be all
	return c.Claims(s)
}

// Asked is what names ask of some chapters: one of which they hold only claims has
// those alone, and the variants that they compare.
func Asked(all []Chapter, names []string) []Chapter {
	asked := slices.Clone(all)
	for i, c := range asked {
		if !slices.Contains(names, c.Name) && len(c.ClaimsOf(names, Scale{Cores: 2})) > 0 {
			asked[i].Only = names
		}
	}
	return asked
}

// needsOf are the needs of the cards that a claim compares.
func (c Chapter) needsOf(claim Claim) []Need {
	var needs []Need
	for _, compared := range claim.Comparisons {
		for _, v := range []variant.Variant{compared.Of, compared.Over} {
			if one, err := Find(c.Cards, v.Get(Key)); err == nil {
				needs = append(needs, one.needs()...)
			}
		}
	}
	return needs
}

// Title is a chapter's name as it follows "Benchmark" in a result file and in the
// test suite.
func Title(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
