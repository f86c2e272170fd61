package life

import (
	"fmt"
	"sync/atomic"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// timeout of the join that gives up.
const timeout = 2 * time.Millisecond

// join looks at a join with a time-out on a child that works on: it gives up
// waiting, and nothing happens to the child. It waits for a pidfd or the time, as
// Python's Process.join waits for a pipe that ends with the child
// (multiprocessing/popen_fork.py).
var join = card.Card{
	Name:        "join",
	Doc:         "a join with a time-out gives up waiting, not the child",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       joinCases,
	Claims:      joinClaims,
	Prepare:     prepareJoin,
	Parts:       map[string]func([]string) error{"child": serve},
	Label:       "join with a time-out",
	Counts:      []string{"early"},
}

func joinCases(card.Scale) []card.Case { return []card.Case{card.Run(card.Tries, card.Of("join"))} }

func joinClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "F7", Text: "A join with a time-out gives up waiting, not the child",
		Comparisons: []card.Comparison{card.Always(card.Seen, card.Of("join"))},
	}}
}

func prepareJoin(t card.Trial) (card.Session, error) {
	return card.Session{Run: func() (protocol.Measurement, error) {
		var early atomic.Int32
		m, err := card.TryTogether(t.Ops, abreast, func(try int) (bool, error) {
			seen, took, err := tryJoin(t, 1+try%100)
			if took < timeout {
				early.Add(1)
			}
			return seen, err
		})
		if err != nil {
			return nil, err
		}
		m["early"] = float64(early.Load())
		return m, nil
	}}, nil
}

// tryJoin joins a child twice, the second time after it was told to end with a
// status. It returns how long the first join took.
func tryJoin(t card.Trial, status int) (seen bool, took time.Duration, err error) {
	c, err := start(peer.Part(t, 1, "child"))
	if err != nil {
		return false, 0, err
	}
	defer c.close()
	if err := c.ask("hello"); err != nil {
		return false, 0, err
	}
	begin := clock.Now()
	dead, err := ended(c.cmd.Process, timeout)
	took = time.Duration(clock.Now() - begin)
	if err != nil {
		return false, took, err
	}
	now, there, err := look(c.cmd.Process.Pid)
	if err != nil {
		return false, took, err
	}
	if err := c.ask("still here"); err != nil {
		return false, took, err
	}
	if err := c.tell(fmt.Sprint(end, status)); err != nil {
		return false, took, err
	}
	how, err := c.join()
	return !dead && there && !now.ended() && how == ending{code: status}, took, err
}
