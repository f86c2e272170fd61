// Package card is what the catalogue is made of: a Card is all that there is to
// say about one thing that is measured. It has the variants and what a trial of
// one does, what must be there for it, the claims of textbooks that it puts to the
// test, each with its comparisons and bounds, and the sections in which a report tells
// of it (package experiments/section). Cards on one subject make a Chapter. Everything else
// is derived: `parcon list`, the schedule, the names of benchmarks, the verdicts, the
// chapters of a report and their charts.
//
// # Add a claim
//
// Write a file in the folder of its chapter with one card, and name the card in the
// chapter's list, such as life.Chapter. The example of Card is a skeleton. Of those that
// are there, experiments/life/zombie.go counts, costs/create.go and costs/switch.go
// measure time and draw dots, and life/terminate.go has a table. A new chapter is a
// folder and a line in experiments/chapters.
//
//  1. Name, Doc, Needs, and Keys: what its variants are called, and where they run. Label
//     stands for the name where comparisons are listed: "still there after the signal,
//     SIGKILL" says more than "terminate, SIGKILL". Tried, if who may run them depends on
//     the user.
//  2. Prepare: what a trial does. Try counts in how many tries something was seen, and
//     TryTogether makes them at the same time where each only waits. The time of an
//     operation, ns/op, is measured around Run and needs no listing: a card that only
//     takes time gives an empty Measurement. All other units stand in Counts or Units.
//     Files are made by scratch.File(t.Env.Dir), which have no name: the folder must be
//     empty after a trial, also after one that was killed.
//  3. Cases: the variants that a run measures, and how many tasks or tries each has
//     in a trial. Keep a trial short, some tens of milliseconds: a run makes one of each
//     in every round. Of a fact whose tries are Independent it makes Tries: four trials
//     decide it. Give the cheapest variant twice, by Second: if a report then finds the
//     two to differ, something is wrong with the measurement, and no verdict is given.
//  4. Claims: the textbook's sentence, and the comparisons with their bounds. An ID is a
//     letter, P for the grid (package tasks), G for CPython's lock, U for costs, S for
//     sharing, L for locking, M for messages, F for life, N for servers, D for many machines, and the number
//     after the last of these in `parcon list`.
//  5. Sections, if a line in the table of its chapter is not enough.
//
// Then `parcon run ID` measures the variants that the claim compares, with their second
// copies, and `parcon run CHAPTER` all of them. `go test -short ./experiments/... ./report .`
// tries the card like all others, and says what is wrong with it. One test is meant to
// fail: README.md and CHANGELOG.md tell how many claims there are, and it names the words
// to write.
//
// The variants of a card are named by its name first: "mechanism=create/unit=thread"
// (those of the grid, in package tasks, by their workload). A trial prepares a
// Session, lets it run once, and closes it. What must happen in another process
// happens in a part: a small program (experiments/programs/part) that is started
// with the names of the card and of one of its Parts (see package peer).
package card

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
)

// Variants of a card have these keys besides the card's own. Those of the grid have
// the keys of package tasks in their place.
const (
	Key = "mechanism" // its name: the first key
	AA  = "twin"      // tells apart two variants that are the same: an A/A pair
)

// A Card is all that there is to say about one thing that is measured.
type Card struct {
	Name  string
	Doc   string   // one line
	Keys  []Choice // of its variants, in their order
	Needs []Need   // what must be there for its variants
	// Tried says that it depends on the user and his machine whether it can be
	// prepared, so that a run tries that before it measures: a card without keys.
	Tried bool
	// Room is how many threads or processes a trial has at once, where these may be more
	// than the system lets a user have; a run looks for that before it measures.
	Room int
	// Cases are the variants that a run measures, and the tasks of each.
	Cases func(Scale) []Case
	// Claims are what the variants decide; nil for none of their own.
	Claims func(Scale) []Claim
	// Procs is the GOMAXPROCS of the trial's process; nil: as many as cores.
	Procs func(v variant.Variant, cores int) int
	// Prepare does what is not to be measured. What it started is gone again when
	// it returns an error.
	Prepare func(Trial) (Session, error)
	// Counts and Units are the units of its result lines that not all have: what is
	// counted in its tries, which noise does not touch, and what is measured.
	Counts, Units []string
	// Independent says that each of its tries begins anew, with nothing left of the one
	// before: then they count singly. Else those of a trial share their luck, and the trial
	// is what counts, or each of its episodes where it has some (UnitEpisodes).
	Independent bool
	// Label names what is compared, before the words of its variants, such as "sum of 4
	// KiB" in "time, sum of 4 KiB: SHA-256 over CRC-32"; "" for the name.
	Label string
	// Sections are how a report tells of it; nil for none. Its claims that are in none
	// stand in a table of their chapter.
	Sections func() []section.Section
	// Parts are what its other processes do, by name. A part ends when its
	// standard input does, or dies with its parent.
	Parts map[string]func(args []string) error
}

// A Choice is a key of a card's variants and its values; none means a whole
// number from 1 to MaxNumber. Every key must be given, but an Optional one.
type Choice struct {
	Key      string
	Values   []string
	Pythons  bool // its values are names of CPythons, in place of numbers
	Optional bool
	Words    map[string]string // values that a reader has in other words
	Format   string            // of a value beside others, as "x %s"; "" for the value alone
}

// MaxNumber bounds the numbers in variants: each may be a process.
const MaxNumber = 1_000_000

// Names says whether a variant is one of a card, and not of the grid.
func Names(v variant.Variant) bool { return v.Get(Key) != "" }

// Parse reads the name of a variant of one of the cards and says what is
// wrong with it.
func Parse(list []Card, name string) (Card, variant.Variant, error) {
	v, err := variant.Parse(name)
	if err != nil {
		return Card{}, v, err
	}
	m, err := Find(list, v.Get(Key))
	if err != nil {
		return m, v, err
	}
	for _, key := range v.Keys() {
		if key != Key && key != AA && !slices.Contains(m.keys(), key) {
			return m, v, fmt.Errorf("variant %q: there is no key %q: use %s", name, key, strings.Join(m.keys(), ", "))
		}
	}
	for _, c := range m.Keys {
		if err := c.check(v); err != nil {
			return m, v, fmt.Errorf("variant %q: %w", name, err)
		}
	}
	return m, v, nil
}

// Find returns the card of that name.
func Find(list []Card, name string) (Card, error) {
	for _, m := range list {
		if m.Name == name {
			return m, nil
		}
	}
	return Card{}, fmt.Errorf("mechanism %q is not known: `parcon list` shows those that are", name)
}

func (m Card) keys() []string {
	keys := make([]string, len(m.Keys))
	for i, c := range m.Keys {
		keys[i] = c.Key
	}
	return keys
}

func (c Choice) check(v variant.Variant) error {
	text := v.Get(c.Key)
	switch {
	case text == "" && c.Optional:
		return nil
	case text == "":
		return fmt.Errorf("its key %s is missing: give %s", c.Key, c)
	case c.Pythons:
		if !Python(text).Named() {
			return fmt.Errorf("%s=%s: give %s", c.Key, text, c)
		}
	case c.Values != nil && !slices.Contains(c.Values, text):
		return fmt.Errorf("%s=%s: give %s", c.Key, text, c)
	case c.Values == nil:
		if n, err := strconv.Atoi(text); err != nil || n < 1 || n > MaxNumber {
			return fmt.Errorf("%s=%s: give %s", c.Key, text, c)
		}
	}
	return nil
}

// Choice is a key of the card's variants; one without words if there is none.
func (m Card) Choice(key string) Choice {
	for _, c := range m.Keys {
		if c.Key == key {
			return c
		}
	}
	return Choice{Key: key}
}

// Word writes a value for a reader.
func (c Choice) Word(value string) string {
	if text, ok := c.Words[value]; ok {
		return text
	}
	if rest, ok := strings.CutPrefix(value, "cpython"); ok && c.Values != nil {
		return "CPython" + strings.Replace(rest, "-", " ", 1)
	}
	if c.Pythons {
		return Python(value).String()
	}
	if c.Values == nil {
		return number.Thousands(value)
	}
	return value
}

// Label writes a value that stands beside those of other keys.
func (c Choice) Label(value string) string {
	if _, ok := c.Words[value]; ok || c.Format == "" {
		return c.Word(value)
	}
	return fmt.Sprintf(c.Format, c.Word(value))
}

// Compare orders two values: numbers by size, words as they are listed, CPythons by
// version. One that is left out comes first.
func (c Choice) Compare(a, b string) int {
	if c.Pythons {
		return Python(a).Compare(Python(b))
	}
	if c.Values != nil {
		return cmp.Compare(slices.Index(c.Values, a), slices.Index(c.Values, b))
	}
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return cmp.Compare(x, y)
}

// String says what may be given.
func (c Choice) String() string {
	if c.Pythons {
		return "a version of CPython, such as 3.11.7, or 3.13.0t without GIL"
	}
	if c.Values == nil {
		return fmt.Sprintf("a number from 1 to %d", MaxNumber)
	}
	return strings.Join(c.Values, ", ")
}
