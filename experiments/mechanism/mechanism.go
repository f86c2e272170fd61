// Package mechanism is the seam for what happens beneath tasks: how a process
// starts, what a lock keeps apart, who buries the dead. Where the grid of
// workloads and models measures how much work is done, a Mechanism measures one
// step by itself, or looks whether something happens at all.
//
// A mechanism's variants are named like all others, the mechanism first:
// "mechanism=create/unit=thread". A trial prepares a Session, lets it run once,
// and closes it. What must happen in another process happens in a part: a small
// program (experiments/programs/part) that is started with the names of the
// mechanism and of one of its Parts.
//
// The mechanisms themselves have packages of their own, one for each chapter, and
// package all lists them.
package mechanism

import (
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"parcon/experiments/variant"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// Variants of a mechanism have these keys besides the mechanism's own.
const (
	Key  = "mechanism" // its name: the first key
	Twin = "twin"      // tells apart two variants that are the same
)

// The units of what is observed: in how many tries, and in how many of them it
// was seen.
const (
	Tries = "tries"
	Seen  = "seen"
)

// A Mechanism is measured by trials of its own.
type Mechanism struct {
	Name string
	Doc  string   // one line
	Keys []Choice // of its variants, in their order
	// Linux says that it needs /proc or another part of Linux.
	Linux bool
	// Procs is the GOMAXPROCS of the trial's process; nil: as many as cores.
	Procs func(v variant.Variant, cores int) int
	// Prepare does what is not to be measured. What it started is gone again when
	// it returns an error.
	Prepare func(Trial) (Session, error)
	// Parts are what its other processes do, by name. A part ends when its
	// standard input does, or dies with its parent.
	Parts map[string]func(args []string) error
}

// A Choice is a key of a mechanism's variants and its values; none means a whole
// number from 1 to MaxNumber. Every key must be given, but an Optional one.
type Choice struct {
	Key      string
	Values   []string
	Optional bool
}

// MaxNumber bounds the numbers in variants: each may be a process.
const MaxNumber = 1_000_000

// Trial is what a mechanism is told.
type Trial struct {
	Variant variant.Variant // checked against Keys
	Ops     int             // operations to measure, or tries to make; at least 1
	Env     Env
}

// Env is what all trials of a run share.
type Env struct {
	Part   []string // the part program: path and leading arguments
	Empty  []string // a program that ends at once
	Worker []string // the worker program of process pools, before a mode
	Python string   // path of a CPython; "" if there is none
	Dir    string   // for files: on a real disk
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

// Part prepares one of the mechanism's parts as a process with so many Go
// processors. It dies with this process.
func (t Trial) Part(procs int, name string, args ...string) *exec.Cmd {
	argv := slices.Concat(t.Env.Part, []string{t.Variant.Get(Key), name}, args)
	return proc.Command(argv, []string{"GOGC=100", fmt.Sprintf("GOMAXPROCS=%d", procs)})
}

// A Session is a mechanism that is ready.
type Session struct {
	// Run does the operations and returns what it measured by unit. The time of
	// an operation (ns/op) and what this process consumed are added by the caller
	// for those units that are not there.
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
	return protocol.Measurement{Tries: float64(n), Seen: float64(seen)}, nil
}

// Names says whether a variant is one of a mechanism.
func Names(v variant.Variant) bool { return v.Get(Key) != "" }

// Parse reads the name of a variant of one of the mechanisms and says what is
// wrong with it.
func Parse(list []Mechanism, name string) (Mechanism, variant.Variant, error) {
	v, err := variant.Parse(name)
	if err != nil {
		return Mechanism{}, v, err
	}
	m, err := Find(list, v.Get(Key))
	if err != nil {
		return m, v, err
	}
	for _, key := range v.Keys() {
		if key != Key && key != Twin && !slices.Contains(m.keys(), key) {
			return m, v, fmt.Errorf("variant %q: there is no key %q: use %s", name, key, strings.Join(m.keys(), ", "))
		}
	}
	for _, c := range m.Keys {
		if err := c.check(v); err != nil {
			return m, v, fmt.Errorf("variant %q: %w", name, err)
		}
	}
	return m, v, nil
}

// Find returns the mechanism of that name.
func Find(list []Mechanism, name string) (Mechanism, error) {
	for _, m := range list {
		if m.Name == name {
			return m, nil
		}
	}
	return Mechanism{}, fmt.Errorf("mechanism %q is not known: `parcon list` shows those that are", name)
}

func (m Mechanism) keys() []string {
	keys := make([]string, len(m.Keys))
	for i, c := range m.Keys {
		keys[i] = c.Key
	}
	return keys
}

func (c Choice) check(v variant.Variant) error {
	text := v.Get(c.Key)
	switch {
	case text == "" && c.Optional:
		return nil
	case text == "":
		return fmt.Errorf("its key %s is missing: give %s", c.Key, c)
	case c.Values != nil && !slices.Contains(c.Values, text):
		return fmt.Errorf("%s=%s: give %s", c.Key, text, c)
	case c.Values == nil:
		if n, err := strconv.Atoi(text); err != nil || n < 1 || n > MaxNumber {
			return fmt.Errorf("%s=%s: give %s", c.Key, text, c)
		}
	}
	return nil
}

// String says what may be given.
func (c Choice) String() string {
	if c.Values == nil {
		return fmt.Sprintf("a number from 1 to %d", MaxNumber)
	}
	return strings.Join(c.Values, ", ")
}

// RunPart runs a part: args are the names of the mechanism and of the part, and
// the part's own arguments.
func RunPart(list []Mechanism, args []string) error {
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
