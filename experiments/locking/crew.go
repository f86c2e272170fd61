package locking

import (
	"fmt"
	"os/exec"

	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/runner/protocol"
)

// A crew is processes that are started once and do a step whenever they are told
// by a word; they answer by a word.
type crew = peer.Crew

// The words that processes say.
const (
	present = protocol.Ready // it has begun
	done    = "done"         // the answer to a word that asks for nothing else
)

// hire starts n processes and hands the objects to all. It returns when all have
// begun. On an error none is left.
func hire(n int, command func() *exec.Cmd, objects []ipc.Object) (crew, error) {
	return peer.Assemble(n, patience, func(int) *exec.Cmd {
		cmd := command()
		ipc.Attach(cmd, objects...)
		return cmd
	})
}

// obey is the step of a process that knows one word.
func obey(known string, do func() error) func(string) (string, error) {
	return func(word string) (string, error) {
		if word != known {
			return "", unknown(word)
		}
		return done, do()
	}
}

func unknown(word string) error {
	return fmt.Errorf("told to %q, which this process cannot: it is of another version", word)
}
