package life

import (
	"fmt"
	"os"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// errorStatus is not one that Go's runtime gives: 1 is what a part returns with
// an error, 2 a panic.
const errorStatus = 3

// exits looks whether the wait status alone tells in which way a child ended. The
// fault is a real one that the kernel punishes: SIGSEGV with its default action.
// In a Go program a nil pointer is another matter: the runtime catches the signal
// and makes a panic of it, and a panic nobody recovers from ends with exit status
// 2, which cannot be told from an error.
var exits = card.Card{
	Name:        "exits",
	Doc:         "the exit status tells done, error, fatal fault and killed apart",
	Keys:        []card.Choice{{Key: "way", Values: []string{wayDone, wayError, wayFault, wayKilled}}},
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       exitCases,
	Claims:      exitClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		return card.Session{Run: func() (protocol.Measurement, error) {
			return card.TryTogether(t.Ops, abreast, func(int) (bool, error) { return tryExit(t) })
		}}, nil
	},
	Parts: map[string]func([]string) error{"child": endAs},
	Label: "way to end told",
}

func exitCases(card.Scale) []card.Case {
	var cases []card.Case
	for _, way := range []string{"done", "error", "fault", "killed"} {
		cases = append(cases, card.Run(card.Tries, card.Of("exits", "way", way)))
	}
	return cases
}

func exitClaims(s card.Scale) []card.Claim {
	told := card.Claim{
		ID: "F5", Text: "Four ways to end (done, error, fatal fault, killed) can be told apart by the exit status",
		Caveat: "A nil dereference of Go ends its process with exit status 2, as an error does; the fault here is a signal that Go does not handle.",
	}
	for _, c := range exitCases(s) {
		told.Comparisons = append(told.Comparisons, card.Always(card.Seen, c.Variant))
	}
	return []card.Claim{told}
}

func tryExit(t card.Trial) (bool, error) {
	way := t.Get("way")
	c, err := start(peer.Part(t, 1, "child", way))
	if err != nil {
		return false, err
	}
	defer c.close()
	if way == wayKilled {
		if err := c.expect(ready); err != nil {
			return false, err
		}
		if err := c.cmd.Process.Kill(); err != nil {
			return false, fmt.Errorf("killing a child: %w", err)
		}
	}
	how, err := c.join()
	if err != nil {
		return false, err
	}
	// An error exit must be the one that was asked for: a child that could not
	// do its part ends with an error too.
	return how.way() == way && (way != wayError || how.code == errorStatus), nil
}

// endAs is a child that ends in one of the ways.
func endAs(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("ending in one way: %d were given", len(args))
	}
	switch args[0] {
	case wayDone:
		return nil
	case wayError:
		os.Exit(errorStatus)
	case wayFault:
		return fault()
	case wayKilled:
		fmt.Println(ready)
		proc.WatchParent(proc.Stdin())
	}
	return fmt.Errorf("ending as %q: there is no such way", args[0])
}
