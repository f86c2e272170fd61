package chapters_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
)

// faults says what is wrong with a catalogue as a whole, each in a line.
func faults(all []card.Chapter) []string {
	var found []string
	fault := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	chapterOf, decider := map[string]string{}, map[string]string{}
	for _, c := range all {
		for _, one := range c.Cards {
			if taken, ok := chapterOf[one.Name]; ok {
				fault("two cards have the name %q, in %s and in %s: rename one", one.Name, taken, c.Name)
			}
			chapterOf[one.Name] = c.Name
			for _, claim := range claimsOf(one) {
				if other, ok := decider[claim.ID]; ok {
					fault("claim ID %s of card %s is taken by card %s: the next free one is %s", claim.ID, one.Name, other, nextFree(all, claim.ID))
				}
				decider[claim.ID] = one.Name
			}
		}
	}
	for _, c := range all {
		found = append(found, faultsOf(c)...)
	}
	return found
}

// faultsOf are those inside of a chapter.
func faultsOf(c card.Chapter) []string {
	var found []string
	fault := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	measured, ids := map[string]bool{"": true}, []string{}
	for _, k := range c.Cases(everywhere) {
		measured[k.Variant.String()] = true
	}
	for _, one := range c.Cards {
		if one.Name == "" || c.Title != "" && one.Prepare != nil && one.Doc == "" {
			fault("a card of %s has no name or no line of Doc: %q", c.Name, one.Name)
		}
		if one.Tried && len(one.Keys) > 0 {
			fault("card %s is Tried and has Keys: its one variant would be tried, and there are several", one.Name)
		}
		for _, claim := range claimsOf(one) {
			ids = append(ids, claim.ID)
			if len(claim.Comparisons) == 0 || claim.Text == "" {
				fault("claim %s of card %s has no text or compares nothing", claim.ID, one.Name)
			}
			for _, k := range claim.Comparisons {
				if why := wordless(claim.Text, k); why != "" {
					fault("claim %s of card %s %s", claim.ID, one.Name, why)
				}
			}
			for _, k := range slices.Concat(claim.Comparisons, claim.Told) {
				for _, v := range []variant.Variant{k.Of, k.Over} {
					if !measured[v.String()] {
						fault("claim %s of card %s compares %s, which is none of the Cases of %s", claim.ID, one.Name, v, c.Name)
					}
				}
			}
		}
	}
	for _, one := range c.Cards {
		if one.Sections == nil {
			continue
		}
		for _, s := range one.Sections() {
			for _, id := range s.Claims {
				if !slices.Contains(ids, id) {
					fault("section %q of card %s tells of claim %s, which no card of %s decides", s.Topic, one.Name, id, c.Name)
				}
			}
		}
	}
	return found
}

// wordless says what is wrong with the bound of a comparison: a word of the claim's
// sentence decides it, or a number that stands there, or it is a fact.
func wordless(sentence string, k card.Comparison) string {
	for _, word := range card.Words {
		switch {
		case k.Word != word.String():
		case !word.In(sentence):
			return fmt.Sprintf("has a bound for the word %q, which its sentence does not say", word.Name)
		default:
			return ""
		}
	}
	if k.Measure.Observed() || strings.Contains(sentence, "millisecond") || strings.Contains(sentence, number.Grouped(k.High)) {
		return ""
	}
	return "has a bound without a word: use one of card.Words, or state the number in its sentence"
}

// everywhere is a machine on which all claims can be measured.
var everywhere = card.Scale{Cores: 2, Pythons: []card.Python{"3.12.1"}}

func claimsOf(c card.Card) []card.Claim {
	if c.Claims == nil {
		return nil
	}
	return c.Claims(everywhere)
}

// nextFree is the ID after the last one of its letter.
func nextFree(all []card.Chapter, id string) string {
	last := 0
	note := func(other string) {
		n := 0
		if _, err := fmt.Sscanf(other, id[:1]+"%d", &n); err == nil {
			last = max(last, n)
		}
	}
	for _, c := range all {
		for _, one := range c.Cards {
			for _, claim := range claimsOf(one) {
				note(claim.ID)
			}
		}
	}
	return fmt.Sprintf("%s%d", id[:1], last+1)
}

func TestTheCatalogueIsWhole(t *testing.T) {
	for _, fault := range faults(chapters.All) {
		t.Error(fault)
	}
}

// What an author does wrong he is told in words that help him.
func TestFaultsOfACatalogueAreTold(t *testing.T) {
	made := func(name string, sections []section.Section, ids ...string) card.Card {
		v := card.Of(name)
		return card.Card{
			Name: name, Doc: "is made up",
			Cases:    func(card.Scale) []card.Case { return []card.Case{card.Run(1, v)} },
			Sections: func() []section.Section { return sections },
			Claims: func(card.Scale) (all []card.Claim) {
				for _, id := range ids {
					all = append(all, card.Claim{ID: id, Text: "a claim", Comparisons: []card.Comparison{card.Always(card.Seen, v)}})
				}
				return all
			},
		}
	}
	odd := made("odd", nil, "X9")
	odd.Cases = nil
	wordy := made("wordy", nil, "X9")
	wordy.Claims = func(card.Scale) []card.Claim {
		v := card.Of("wordy")
		return []card.Claim{{ID: "X9", Text: "a claim", Comparisons: []card.Comparison{card.Is(card.CoresBusy, v, card.Much, card.Alone), card.AtMost(card.CoresBusy, v, 3)}}}
	}
	for want, cards := range map[string][]card.Card{
		"claim X9 of card wordy has a bound for the word \"much more\", which its sentence does not say\n" +
			"claim X9 of card wordy has a bound without a word: use one of card.Words, or state the number in its sentence": {wordy},
		"": {made("a", []section.Section{{Topic: "A", Claims: []string{"X1"}}}, "X1", "X2"), made("b", nil, "X3")},
		"claim ID X2 of card b is taken by card a: the next free one is X3":               {made("a", nil, "X1", "X2"), made("b", nil, "X2", "Y9")},
		`section "A" of card a tells of claim X2, which no card of made decides`:          {made("a", []section.Section{{Topic: "A", Claims: []string{"X1", "X2"}}}, "X1")},
		`two cards have the name "a", in made and in made: rename one`:                    {made("a", nil, "X1"), made("a", nil, "X3")},
		"claim X9 of card odd compares mechanism=odd, which is none of the Cases of made": {odd},
	} {
		if got := strings.Join(faults([]card.Chapter{{Name: "made", Title: "Made", Cards: cards}}), "\n"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func Example() {
	for _, m := range chapters.Cards() {
		if m.Name == "zombie" {
			fmt.Println(m.Name, m.Unmet(card.Scale{System: "plan9"}) != "")
		}
	}
	// Output: zombie true
}
