package sharing

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/fork"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// isolation looks whether a creator sees what a unit writes into a variable.
// A process and a fork have a copy of it, made by starting the program again or
// by copying the memory; threads and goroutines have the variable itself.
var isolation = card.Card{
	Name: "isolation", Doc: "does the creator see a unit's write?",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys:        []card.Choice{{Key: "unit", Values: []string{"process", "fork", "thread", "goroutine", "cpython-fork", "cpython-thread"}}},
	Cases:       isolationCases,
	Claims:      isolationClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		if unit, ok := strings.CutPrefix(t.Get("unit"), "cpython-"); ok {
			return python(t, "", "isolation", "unit="+unit)
		}
		write := writers[t.Get("unit")]
		return card.Session{Run: func() (protocol.Measurement, error) {
			return card.Try(t.Ops, func(int) (bool, error) {
				own, theirs := rand.Int64N(100), 100+rand.Int64N(100)
				store(&variable, own)
				wrote, err := write(t, theirs)
				if err != nil {
					return false, err
				}
				now := load(&variable)
				if wrote != theirs || now != own && now != theirs {
					return false, fmt.Errorf("a unit was to write %d instead of %d and reports %d; the creator sees %d", theirs, own, wrote, now)
				}
				return now == theirs, nil
			})
		}}, nil
	},
	Parts: map[string]func([]string) error{"write": func(args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("writing a variable: %d values, want 1", len(args))
		}
		value, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return fmt.Errorf("writing a variable: %w", err)
		}
		store(&variable, value)
		_, err = fmt.Println(load(&variable))
		return err
	}},
	Label:    "a write is seen",
	Sections: isolationSections,
}

func isolationSections() []section.Section {
	return []section.Section{{
		Topic: "Who sees a write", Claims: []string{"S1"},
		Form: section.Table{
			Finding: []section.Clause{
				countedApart("a creator saw %s writes of processes", true),
				countedApart("a creator saw %s writes of threads and goroutines", false),
			},
			Columns: []section.Column{
				section.Under("unit that writes", section.Value("unit")),
				section.Under("its creator sees the write", section.Count("seen")),
			},
		},
	}}
}

func isolated(unit string) variant.Variant { return card.Of("isolation", "unit", unit) }

func isolationCases(s card.Scale) []card.Case {
	cases := []card.Case{
		card.Run(card.Tries, isolated("process")),
		card.Run(card.Tries, isolated("fork")),
		card.Run(card.Tries, isolated("thread")),
		card.Run(card.Tries, isolated("goroutine")),
	}
	if s.CPython() {
		cases = append(cases, card.Run(15, isolated("cpython-fork")), card.Run(400, isolated("cpython-thread")))
	}
	return cases
}

func isolationClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "S1", First: true,
		Caveat: "process is a program that was started anew, as processes of Go are; fork is a copy, as in C or in CPython.",
		Text:   "Processes share nothing: a write in a child is not seen by its parent; that of a thread is",
		Comparisons: []card.Comparison{
			card.Never(card.Seen, isolated("process")), card.Never(card.Seen, isolated("fork")),
			card.Always(card.Seen, isolated("thread")), card.Always(card.Seen, isolated("goroutine")),
		},
	}}
}

// variable is what units write. As it belongs to the program, a part has it too.
var variable int64

// writers let a unit write a value into the variable, and return what the unit
// read there afterwards.
var writers = map[string]func(t card.Trial, value int64) (int64, error){
	"process": func(t card.Trial, value int64) (int64, error) {
		m, err := enlist(t, "write", nil, strconv.FormatInt(value, 10))
		if err != nil {
			return 0, err
		}
		defer m.Kill()
		line, err := m.Hear()
		if err != nil {
			return 0, err
		}
		if err := m.Wait(patience); err != nil {
			return 0, fmt.Errorf("a part that wrote failed afterwards: %w", err)
		}
		return strconv.ParseInt(line, 10, 64)
	},
	"fork": func(_ card.Trial, value int64) (int64, error) { return fork.Write(&variable, uint8(value)) },
	"thread": func(_ card.Trial, value int64) (int64, error) {
		// The creator keeps its thread, so the unit must have another one.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		wrote := make(chan int64)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			store(&variable, value)
			wrote <- load(&variable)
		}()
		return <-wrote, nil
	},
	"goroutine": func(_ card.Trial, value int64) (int64, error) {
		wrote := make(chan int64)
		go func() {
			store(&variable, value)
			wrote <- load(&variable)
		}()
		return <-wrote, nil
	},
}

// countedApart says what was seen of units that are processes of their own, or of
// those that are not.
func countedApart(format string, process bool) section.Clause {
	return func(s section.Samples) string {
		return s.Total("seen", slices.DeleteFunc(slices.Clone(s.Variants), func(v variant.Variant) bool {
			unit := v.Get("unit")
			return (unit == "process" || strings.HasSuffix(unit, "fork")) != process
		})...).In(format)
	}
}
