// Package peer is the helper processes of a trial: they are started, told and asked
// something, heard, and ended. A trial talks to them in lines, through their standard
// input and output; what they write to standard error is the reason if they fail.
//
// A Process is started with Start, and is the trial's to end: with Wait if it ends by
// itself, with End if it ends with its standard input, or with Kill. A Crew is several
// that do something together. A Talk is the conversation alone, with a process that
// somebody else started. What the process itself does is Attend, Serve and Say.
package peer

import (
	"fmt"
	"os/exec"
	"slices"

	"parcon/experiments/card"
	"parcon/runner/proc"
)

// Part prepares one of a card's parts as a process with so many Go processors. It
// dies with this process.
func Part(t card.Trial, procs int, name string, args ...string) *exec.Cmd {
	argv := slices.Concat(t.Env.Part, []string{t.Variant.Get(card.Key), name}, args)
	return proc.Command(argv, []string{"GOGC=100", fmt.Sprintf("GOMAXPROCS=%d", procs)})
}
