package messages

import (
	"fmt"
	"os/exec"
	"sync"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/runner/protocol"
)

// done is the answer to a line that asks for nothing else.
const done = "done"

// A role is a process that is to be started: what it is called, and its arguments.
type role struct {
	part string
	args []string
}

// hire starts a process for each role and hands the objects to all. Each has one Go
// processor, as it waits for one thing at a time. On an error none is left.
func hire(t card.Trial, objects []ipc.Object, roles ...role) (peer.Crew, error) {
	return peer.Assemble(len(roles), patience, func(i int) *exec.Cmd {
		cmd := peer.Part(t, 1, roles[i].part, roles[i].args...)
		ipc.Attach(cmd, objects...)
		return cmd
	})
}

// several are the same role so often.
func several(n int, part string, args ...string) []role {
	all := make([]role, n)
	for i := range all {
		all[i] = role{part, args}
	}
	return all
}

// A helper is a process to which tries that are made at the same time speak in turn.
type helper struct {
	*peer.Process
	turn sync.Mutex
}

// ask says a line about a try and returns the answer.
func (h *helper) ask(what string, try int) (string, error) {
	h.turn.Lock()
	defer h.turn.Unlock()
	return h.Ask(fmt.Sprint(what, " ", try))
}

// order is ask where nothing is to be known but that it was done.
func (h *helper) order(what string, try int) error {
	answer, err := h.ask(what, try)
	if err == nil && answer != done {
		err = fmt.Errorf("a part was told to %s and said %.100q", what, answer)
	}
	return err
}

// heed is the helper's side: what it does when it is told a word and the number of a try.
func heed(tries int, do func(word string, try int) (string, error)) error {
	return peer.Attend(func(line string) (string, error) {
		var word string
		var try int
		if _, err := fmt.Sscan(line, &word, &try); err != nil || try < 0 || try >= tries {
			return "", unknown(line)
		}
		return do(word, try)
	})
}

func unknown(line string) error {
	return fmt.Errorf("told %.100q, which this process cannot do: it is of another version", line)
}

// batches adds up what is counted in n tries. No more than card.Tries of them are made with
// the same processes, which are handed all that their tries need when they start.
func batches(n int, some func(tries int) (protocol.Measurement, error)) (protocol.Measurement, error) {
	sum := protocol.Measurement{}
	for ; n > 0; n -= card.Tries {
		counted, err := some(min(n, card.Tries))
		if err != nil {
			return nil, err
		}
		for unit, count := range counted {
			sum[unit] += count
		}
	}
	return sum, nil
}

// count is how many tries are made, and in how many of them each of the named things
// happened.
func count[T any](tries []T, happened map[string]func(T) bool) protocol.Measurement {
	m := protocol.Measurement{card.UnitTries: float64(len(tries))}
	for unit, did := range happened {
		m[unit] = 0
		for _, one := range tries {
			if did(one) {
				m[unit]++
			}
		}
	}
	return m
}

// share is the part of n that falls to one of so many: the first ones take what does not
// divide.
func share(n, of, index int) int {
	each := n / of
	if index < n%of {
		each++
	}
	return each
}
