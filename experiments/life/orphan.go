package life

import (
	"fmt"
	"os"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/variant"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// Who is to adopt the orphan.
const (
	adopterInit      = "init"      // whoever the kernel finds: an ancestor that asked for it, else process 1
	adopterSubreaper = "subreaper" // the trial
)

// burial is how long an adopter may take to bury the orphans, if it does so at
// all. An init does it at once; some that are none look only every other second.
// All orphans of a trial are waited for together.
const burial = 3 * time.Second

// orphan looks at a process whose parent ended: who is its parent then, does it
// work on, and does anybody bury it. On a machine whose first process is not a
// real init, as in many containers, nobody does or not soon, and it stays a
// zombie: that is counted, it is no error. burial-ns is how long was waited for
// it, apart from ns/op. The adopter is not always process 1, but the nearest
// ancestor that set PR_SET_CHILD_SUBREAPER, as service managers do (prctl(2)).
var orphan = card.Card{
	Name:        "orphan",
	Doc:         "a process whose parent ended gets another one, works on, and is buried when it ends",
	Keys:        []card.Choice{{Key: "adopter", Values: []string{adopterInit, adopterSubreaper}, Format: "adopted by %s"}},
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       orphanCases,
	Claims:      orphanClaims,
	Prepare:     prepareOrphan,
	Parts:       map[string]func([]string) error{"parent": parent, "child": serve},
	Counts:      []string{"reaped"},
	Units:       []string{"parent-pid", "burial-ns"},
}

func orphaned(adopter string) variant.Variant { return card.Of("orphan", "adopter", adopter) }

var reaped = card.Measure{Name: "reaped", Unit: "reaped", How: card.Every}

// orphanCases: half as many trials of twice the tries, as each may have to wait two
// seconds for an init that looks only then.
func orphanCases(card.Scale) []card.Case {
	return []card.Case{card.Run(2*card.Tries, orphaned("init")), card.Run(2*card.Tries, orphaned("subreaper"))}
}

func orphanClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "F2", Text: "An orphan is adopted and does no harm: it works on, and somebody reaps it",
		Caveat: "In a container whose first process is no init nobody may reap it: then this is refuted, there.",
		Comparisons: []card.Comparison{
			card.Always(card.Seen, orphaned("init")), card.Always(card.Seen, orphaned("subreaper")), card.Always(reaped, orphaned("init")),
		},
	}}
}

func prepareOrphan(t card.Trial) (card.Session, error) {
	restore, err := adopt(t.Get("adopter") == adopterSubreaper)
	if err != nil {
		return card.Session{}, err
	}
	return card.Session{Run: func() (protocol.Measurement, error) { return runOrphans(t) }, Close: restore}, nil
}

// A fate is what became of an orphan.
type fate struct {
	adopted bool
	adopter int
	// The grave that it is to be gone from.
	pid int
	was stat
}

func runOrphans(t card.Trial) (protocol.Measurement, error) {
	start := clock.Now()
	fates, err := card.Together(t.Ops, abreast, func(int) (fate, error) { return tryOrphan(t) })
	if err != nil {
		return nil, err
	}
	tried := clock.Now()
	m, err := card.Try(t.Ops, func(i int) (bool, error) { return fates[i].adopted, nil })
	if err != nil {
		return nil, err
	}
	until, reaped := time.Now().Add(burial), 0
	for _, f := range fates {
		is, err := buried(f.pid, f.was, until)
		if err != nil {
			return nil, err
		}
		if is {
			reaped++
		}
	}
	m["reaped"], m["parent-pid"] = float64(reaped), float64(fates[0].adopter)
	m["burial-ns"] = float64(clock.Now() - tried)
	m["ns/op"] = float64(tried-start) / float64(t.Ops)
	return m, nil
}

// tryOrphan makes an orphan, talks to it and makes it end. Where the trial is its
// new parent it buries it.
func tryOrphan(t card.Trial) (of fate, err error) {
	f, err := startFamily(t, kindPlain)
	if err != nil {
		return of, err
	}
	defer f.close()
	if err := f.endParent(endExit); err != nil {
		return of, err
	}
	of.pid, of.was = f.child.Pid, f.was
	if of.adopter, err = parentOf(of.pid); err != nil {
		return of, err
	}
	foster, there, err := look(of.adopter)
	if err != nil {
		return of, err
	}
	of.adopted = of.adopter != f.parent.cmd.Process.Pid && there && !foster.ended()
	if t.Get("adopter") == adopterSubreaper {
		of.adopted = of.adopter == os.Getpid()
	}
	if err := f.ask("still here"); err != nil {
		return of, fmt.Errorf("the orphan %d: %w", of.pid, err)
	}
	if err := f.tell(end + "0"); err != nil {
		return of, err
	}
	return of, over(f.child)
}
