// Package gil is CPython's global interpreter lock as it is: when a thread that computes
// lets it go, what two of them cost, how threads get round it, and what it makes of the
// others' waits. The GILs of package model are emulated; here every CPython is measured
// that a run names, from 2.7 on.
//
// The lock was made anew once. Up to 3.1 a thread let it go each time it had run 100
// bytecodes, and could take it again at once (Python/ceval.c, _Py_Ticker). From 3.2 on it
// keeps it until another one that has waited for 5 ms asks for it, and then waits until that
// one has it (Python/ceval_gil.c, ceval_gil.h before 3.12: gil_drop_request). David
// Beazley's "Understanding the Python GIL" (2010) shows both. Since 3.12 an
// interpreter may have a lock of its own (PEP 684), and since 3.13 there are builds without
// one (PEP 703).
//
// The work and its clock are in gil.py. Starting Python, importing, making interpreters
// and a few turns of the loop are done before.
package gil

import (
	_ "embed"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
)

// Chapter lists the cards.
var Chapter = card.Chapter{
	Name:     "gil",
	Title:    "CPython's lock",
	Question: "When does CPython's lock change hands, what does it cost, and how do threads get round it?",
	Cards:    []card.Card{interval, parallel, convoy},
}

//go:embed gil.py
var script string

// patience is how long a trial may take, far beyond what a busy machine needs.
const patience = 20 * time.Second

// versions is the key for the CPython that a variant is measured on.
var versions = card.Choice{Key: cpython.Key, Pythons: true}

// prepare makes a trial of the script ready.
func prepare(t card.Trial, what string, args ...string) (card.Session, error) {
	return cpython.PrepareScript(t, patience, script, what, args...)
}

// withGIL is the need of what a lock is needed for.
func withGIL(s card.Scale) string {
	if len(card.WithGIL(s.Pythons)) == 0 {
		return "there is no CPython with a GIL: install python3, or name one with --python"
	}
	return ""
}

// under makes a claim of one that is judged on each of some CPythons, of which the first
// one's verdict counts. Where there is none it compares nothing and says why.
func under(claim card.Claim, on []card.Python, compare func(card.Python) card.Comparison) card.Claim {
	var all []card.Claim
	for i, p := range on {
		one := claim
		if i > 0 {
			one.Caveat = "" // it stands beside the first
		}
		one.Under, one.Comparisons = p.String(), []card.Comparison{compare(p)}
		all = append(all, one)
	}
	if len(all) == 0 {
		return claim
	}
	return card.Under(all...)
}
