package life

import (
	_ "embed"
	"fmt"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

//go:embed grandchild.py
var grandchildPython string

// wayPython is terminate() of CPython's multiprocessing. The child there is one of
// its daemonic processes.
const wayPython = "cpython-term"

// grandchild looks at the child of a process that is terminated, a moment later:
// is it a zombie, or does it work on with another parent? A zombie is a process
// that ended and was not waited for, and nothing ends a process because its parent
// was terminated: in Python's words, it "will simply become orphaned" (the
// documentation of multiprocessing.Process.terminate, which ends a process by
// SIGTERM, and kill by SIGKILL). A handler that Python runs at an exit, such as
// the one that ends daemonic children, does not run then.
//
// The trial adopts the orphans, so that it can bury them on every machine.
var grandchild = card.Card{
	Name: "grandchild",
	Doc:  "a child of a process that is terminated becomes a zombie, or works on as an orphan",
	Keys: []card.Choice{{Key: "way", Values: []string{wayTerm, wayKill, wayPython}, Words: map[string]string{
		wayTerm: "SIGTERM", wayKill: "SIGKILL", wayPython: "CPython's terminate(), of a daemonic child's parent",
	}}},
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       grandchildCases,
	Claims:      grandchildClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		if t.Get("way") == wayPython {
			return cpython.Prepare(t, 2*lifetime, grandchildPython, "grandchild")
		}
		restore, err := adopt(true)
		if err != nil {
			return card.Session{}, err
		}
		return card.Session{Run: func() (protocol.Measurement, error) { return runGrandchildren(t) }, Close: restore}, nil
	},
	Parts:  map[string]func([]string) error{"parent": parent, "child": serve},
	Label:  "child of a terminated process",
	Counts: []string{"orphans"},
	Sections: func() []section.Section {
		return []section.Section{{
			Topic: "Children of a process that is terminated", Claims: []string{"F8"},
			Form: section.Table{
				Finding: []section.Clause{
					section.Counted(card.UnitSeen, "%s children of a terminated process were zombies a moment later"),
					section.Counted("orphans", "%s worked on as orphans"),
				},
				Columns: []section.Column{
					section.Under("how the parent is ended", section.Value("way")),
					section.Under("its child is a zombie", section.Count(card.UnitSeen)),
					section.Under("it works on, with another parent", section.Count("orphans")),
				},
			},
		}}
	},
}

func grandchildOf(way string) variant.Variant { return card.Of("grandchild", "way", way) }

func grandchildCases(s card.Scale) []card.Case {
	cases := []card.Case{card.Run(card.Tries, grandchildOf(wayTerm)), card.Run(card.Tries, grandchildOf(wayKill))}
	if s.CPython() {
		cases = append(cases, card.Run(3, grandchildOf(wayPython)))
	}
	return cases
}

func grandchildClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "F8", Text: "When a process is terminated its own children become zombies",
		Caveat: "A zombie has ended and was not waited for. These children have not ended: they are orphans, which work on with another parent, and that one waits for them when they end.",
		Comparisons: []card.Comparison{
			card.Always(card.Seen, grandchildOf(wayTerm)), card.Always(card.Seen, grandchildOf(wayKill)),
		},
	}}
}

func runGrandchildren(t card.Trial) (protocol.Measurement, error) {
	m, err := card.TryTogether(t.Ops, abreast, func(int) (bool, error) { return tryGrandchild(t) })
	if err != nil {
		return nil, err
	}
	m["orphans"] = m[card.UnitTries] - m[card.UnitSeen]
	return m, nil
}

// tryGrandchild terminates a parent and says whether its child is a zombie then.
// One that is not has another parent and answers, else it is an error.
func tryGrandchild(t card.Trial) (dead bool, err error) {
	f, err := startFamily(t, kindPlain)
	if err != nil {
		return false, err
	}
	defer f.close()
	if err := f.endParent(t.Get("way")); err != nil {
		return false, err
	}
	pid := f.child.Pid
	if _, err := ended(f.child, moment); err != nil {
		return false, err
	}
	now, there, err := look(pid)
	if err != nil {
		return false, err
	}
	if !there || now.ended() {
		return there, nil
	}
	parent, err := parentOf(pid)
	if err == nil && parent == f.parent.cmd.Process.Pid {
		err = fmt.Errorf("the parent of process %d is %d, which was terminated", pid, parent)
	}
	if err != nil {
		return false, err
	}
	return false, f.ask("still here")
}
