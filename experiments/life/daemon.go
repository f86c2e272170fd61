package life

import (
	"time"

	"parcon/experiments/card"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// How the parent of a daemon ends.
const (
	endExit = "exit"  // its work is done
	endKill = wayKill // SIGKILL
)

// moment is how long a plain child must outlive its parent to count.
const moment = 20 * time.Millisecond

// daemon looks at what becomes of a child when its parent ends. A daemon child
// asked the kernel for a signal at its parent's end (PR_SET_PDEATHSIG, prctl(2)),
// so that it does not matter how the parent ends. A daemonic process of Python's
// multiprocessing is another thing: its parent ends it in an exit handler
// (_exit_function in multiprocessing/util.py), and a parent that is killed runs
// none, so that its daemons live on.
//
// The trial adopts the orphans, so that it can bury them on every machine. The
// signal is sent before that and does not depend on it.
var daemon = card.Card{
	Name: "daemon",
	Doc:  "a daemon child ends when its parent does, a plain one lives on",
	Keys: []card.Choice{
		{Key: "kind", Values: []string{kindDaemon, kindPlain}},
		{Key: "end", Values: []string{endExit, endKill}},
	},
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       daemonCases,
	Claims:      daemonClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		restore, err := adopt(true)
		if err != nil {
			return card.Session{}, err
		}
		return card.Session{Run: func() (protocol.Measurement, error) {
			return card.TryTogether(t.Ops, abreast, func(int) (bool, error) { return tryDaemon(t) })
		}, Close: restore}, nil
	},
	Parts: map[string]func([]string) error{"parent": parent, "child": serve},
	Label: "child of the kind",
}

func daemonOf(kind, end string) variant.Variant {
	return card.Of("daemon", "kind", kind, "end", end)
}

func daemonCases(card.Scale) []card.Case {
	return []card.Case{
		card.Run(card.Tries, daemonOf("daemon", "exit")), card.Run(card.Tries, daemonOf("daemon", "kill")),
		card.Run(card.Tries, daemonOf("plain", "exit")), card.Run(card.Tries, daemonOf("plain", "kill")),
	}
}

func daemonClaims(s card.Scale) []card.Claim {
	follows := card.Claim{
		ID: "F3", Text: "A daemon child ends when its parent's work ends; others outlive it",
		Caveat: "A daemon here is a child that the kernel kills with its parent. Python's daemonic processes are ended by their parent's exit handler, which does not run when the parent is killed.",
	}
	for _, c := range daemonCases(s) {
		follows.Comparisons = append(follows.Comparisons, card.Always(card.Seen, c.Variant))
	}
	return []card.Claim{follows}
}

func tryDaemon(t card.Trial) (bool, error) {
	kind := t.Get("kind")
	f, err := startFamily(t, kind)
	if err != nil {
		return false, err
	}
	defer f.close()
	if err := f.endParent(t.Get("end")); err != nil {
		return false, err
	}
	if kind == kindDaemon {
		return ended(f.child, patience)
	}
	dead, err := ended(f.child, moment)
	if err != nil || dead {
		return false, err
	}
	return true, f.ask("still here")
}
