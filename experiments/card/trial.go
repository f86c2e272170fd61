package card

import (
	"fmt"

	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// The units of what is observed: in how many tries, and in how many of them it
// was seen.
const (
	UnitTries = "tries"
	UnitSeen  = "seen"
	// UnitEpisodes is in how many episodes the tries were made: parts of a trial that
	// each begin anew, with objects of their own, while the tries of one share their luck.
	UnitEpisodes = "episodes"
)

// Trial is what a card's trial is told.
type Trial struct {
	Variant variant.Variant // checked against Keys
	Ops     int             // operations to measure, or tries to make; at least 1
	Env     Env
}

// Env is what all trials of a run share.
type Env struct {
	Part      []string          // the part program: path and leading arguments
	Empty     []string          // a program that ends at once
	Worker    []string          // the worker program of process pools, before a mode
	Server    []string          // the program of servers on system calls, before a model
	NetServer []string          // the program of those on Go's network packages
	Queue     []string          // the program of pools on a message queue, before a role
	Python    string            // path of the CPython that mechanisms are measured beside; "" if there is none
	Pythons   map[Python]string // paths of all that there are
	Dir       string            // for files: on a real disk; empty again after a trial (see package scratch)
}

// Get returns the value of a key, "" if the variant lacks it.
func (t Trial) Get(key string) string { return t.Variant.Get(key) }

// Int returns the value of a key whose values are numbers, or otherwise if the
// variant lacks it.
func (t Trial) Int(key string, otherwise int) int {
	n, err := t.Variant.Int(key, otherwise)
	if err != nil {
		panic(err) // Parse looked at it
	}
	return n
}

// A Session is a card that is ready.
type Session struct {
	// Run does the operations and returns what it measured by unit. The time of
	// an operation (ns/op) and what this process consumed are added by the caller
	// for those units that are not there: where only these are asked for, it returns
	// none.
	Run func() (protocol.Measurement, error)
	// Close ends what Prepare started, also after an error of Run. It may be nil.
	Close func() error
}

// Try makes n tries and counts in how many of them the thing was seen.
func Try(n int, once func(try int) (bool, error)) (protocol.Measurement, error) {
	seen := 0
	for i := range n {
		happened, err := once(i)
		if err != nil {
			return nil, fmt.Errorf("try %d of %d: %w", i+1, n, err)
		}
		if happened {
			seen++
		}
	}
	return protocol.Measurement{UnitTries: float64(n), UnitSeen: float64(seen)}, nil
}

// RunPart runs a part: args are the names of the card and of the part, and
// the part's own arguments.
func RunPart(list []Card, args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("starting a part with %d arguments: this program is started by parcon, not by hand", len(args))
	}
	m, err := Find(list, args[0])
	if err != nil {
		return err
	}
	part := m.Parts[args[1]]
	if part == nil {
		return fmt.Errorf("starting part %q of mechanism %s: there is none of that name", args[1], args[0])
	}
	return part(args[2:])
}
