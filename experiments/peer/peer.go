// Package peer starts the helper processes of a trial.
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
