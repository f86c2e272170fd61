package life

import (
	_ "embed"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

//go:embed offspring.py
var offspringPython string

// The makers of daemons.
const (
	ofPython = "cpython" // multiprocessing, Process(daemon=True)
	ofKernel = "kernel"  // a child that the kernel kills when its parent ends
)

// offspring looks whether a daemon may have a child. CPython refuses by an assertion,
// "daemonic processes are not allowed to have children", before it starts one
// (Process.start in multiprocessing/process.py): such a child would be left when its
// parent is ended (see grandchild). The kernel has no such rule. A daemon of its kind
// has a child like any other, which may be a daemon too, so that it is not left.
//
// Seen is that it may not.
var offspring = card.Card{
	Name: "offspring",
	Doc:  "a daemon may have no child: CPython refuses it, the kernel does not",
	Keys: []card.Choice{{Key: "daemon", Values: []string{ofPython, ofKernel}, Words: map[string]string{
		ofPython: "a daemonic process of CPython's multiprocessing", ofKernel: "a child that the kernel kills with its parent",
	}}},
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       offspringCases,
	Claims:      offspringClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		if t.Get("daemon") == ofPython {
			return cpython.Prepare(t, 2*lifetime, offspringPython, "offspring")
		}
		return card.Session{Run: func() (protocol.Measurement, error) {
			return card.Try(t.Ops, func(int) (bool, error) { return tryOffspring(t) })
		}}, nil
	},
	Parts: map[string]func([]string) error{"parent": parent, "child": serve},
	Label: "a child is refused",
	Sections: func() []section.Section {
		return []section.Section{{
			Topic: "Children of daemons", Claims: []string{"F11"},
			Form: section.Table{
				Finding: []section.Clause{
					section.Counted(card.UnitSeen, "CPython refused %s children of daemonic processes", "daemon", ofPython),
					section.Counted(card.UnitSeen, "the kernel %s", "daemon", ofKernel),
				},
				Columns: []section.Column{
					section.Under("daemon", section.Value("daemon")),
					section.Under("a child of it is refused", section.Count(card.UnitSeen)),
				},
			},
		}}
	},
}

func offspringOf(daemon string) variant.Variant { return card.Of("offspring", "daemon", daemon) }

func offspringCases(s card.Scale) []card.Case {
	cases := []card.Case{card.Run(5, offspringOf(ofKernel))}
	if s.HasPython() {
		cases = append(cases, card.Run(card.Tries, offspringOf(ofPython)))
	}
	return cases
}

func offspringClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "F11", Text: "A daemon process may have no children of its own",
		Caveat:      "It is a rule of Python's multiprocessing. The kernel has none: children of ours that it kills with their parent have children of their own.",
		Needs:       []card.Need{card.WithPython},
		Comparisons: []card.Comparison{card.Always(card.Seen, offspringOf(ofPython))},
	}}
}

// tryOffspring starts a daemon of the trial with a child, another daemon. Where that
// fails it is for another reason than a rule.
func tryOffspring(t card.Trial) (refused bool, err error) {
	f, err := startFamily(t, kindDaemon)
	if err != nil {
		return false, err
	}
	f.close()
	return false, nil
}
