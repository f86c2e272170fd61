package life

import (
	"fmt"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/runner/protocol"
)

// zombie looks at a child that ended and was not waited for. Nothing is left of
// it but its entry in the table of processes, with the status that its parent may
// ask for, and so its PID.
var zombie = card.Card{
	Name:        "zombie",
	Doc:         "a child that ended stays a zombie and holds its PID until its parent waits for it",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       zombieCases,
	Claims:      zombieClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		return card.Session{Run: func() (protocol.Measurement, error) {
			return card.TryTogether(t.Ops, abreast, func(int) (bool, error) { return tryZombie(t) })
		}}, nil
	},
	Parts: map[string]func([]string) error{"child": serve},
}

func zombieCases(card.Scale) []card.Case {
	c := card.Run(card.Tries, card.Of("zombie"))
	return []card.Case{c, card.Second(c)}
}

func zombieClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "F1", First: true, Text: "A dead child that nobody waited for is a zombie: it holds its number until its parent waits for it",
		Comparisons: []card.Comparison{card.Always(card.Seen, card.Of("zombie"))},
	}}
}

func tryZombie(t card.Trial) (bool, error) {
	c, err := start(peer.Part(t, 1, "child"))
	if err != nil {
		return false, err
	}
	defer c.close()
	const status = 7
	if err := c.tell(fmt.Sprint(end, status)); err != nil {
		return false, err
	}
	if err := c.over(); err != nil {
		return false, err
	}
	pid := c.cmd.Process.Pid
	dead, there, err := look(pid)
	if err != nil {
		return false, err
	}
	held := there && dead.state == 'Z' && taken(pid)
	how, err := c.join()
	if err != nil {
		return false, err
	}
	left, err := gone(pid, dead)
	return held && how == ending{code: status} && left, err
}
