package sharing

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"parcon/experiments/card"
	"parcon/experiments/fork"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

//go:embed inherited.py
var inheritedPython string

// inherited looks at what a child finds of what its parent had before: a value in
// a variable, a variable that was exported, and a file that was read half way. A
// fork is a copy of this process. A spawned process is a program that is started as
// exec.Cmd, or subprocess in Python, starts one that is told nothing: with the
// parent's environment, and without its open files, which these languages mark
// close-on-exec (os.Open; PEP 446). c-spawn is one without that mark, as files have
// none in C (open(2)).
//
// CPython's forkserver is a process that was started anew before, and is copied
// then: its environment is that of the time when it was started.
var inherited = card.Card{
	Name: "inherited", Doc: "what does a child find of its parent's memory, environment and open files?",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys:        []card.Choice{{Key: "unit", Values: []string{"fork", "spawn", "c-spawn", "cpython-fork", "cpython-spawn", "cpython-forkserver"}}},
	Cases:       inheritedCases,
	Claims:      inheritedClaims,
	Prepare:     prepareInherited,
	Parts:       map[string]func([]string) error{"heir": heir},
	Label:       "found by a child",
	Counts:      heirlooms,
	Sections:    inheritedSections,
}

// heirlooms are what a child may find, and the units in which that is counted.
var heirlooms = []string{"memory", "environment", "files"}

func inherits(unit string) variant.Variant { return card.Of("inherited", "unit", unit) }

func inheritedCases(s card.Scale) []card.Case {
	cases := []card.Case{card.Run(card.Tries, inherits("fork")), card.Run(card.Tries, inherits("spawn"))}
	if s.Depth >= card.Standard {
		cases = append(cases, card.Run(10, inherits("c-spawn")))
	}
	if s.CPython() {
		cases = append(cases, card.Run(5, inherits("cpython-fork")),
			card.Run(1, inherits("cpython-spawn")), card.Run(2, inherits("cpython-forkserver")))
	}
	return cases
}

func inheritedClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "S9", Text: "fork copies the parent: its memory, environment and open files; a spawned process starts anew",
		Caveat: "A spawned process is a program that Go and CPython start where nothing else is said: both hand on their own environment, as shells do, though execve(2) would take any. " +
			"Open files it lacks only because both mark theirs close-on-exec; in C they have no mark, and the program reads on where its parent stopped (c-spawn).",
	}
	found := func(what string) card.Measure { return card.Measure{Name: what, Unit: what, How: card.Every} }
	for _, what := range heirlooms {
		claim.Comparisons = append(claim.Comparisons, card.Always(found(what), inherits("fork")))
	}
	for _, what := range heirlooms {
		claim.Comparisons = append(claim.Comparisons, card.Never(found(what), inherits("spawn")))
	}
	return []card.Claim{claim}
}

func inheritedSections() []section.Section {
	found := func(unit, format string) section.Clause {
		return func(s section.Samples) string {
			var said []string
			for _, what := range heirlooms {
				if t := s.Total(what, s.The("unit", unit)); t.Tries > 0 {
					said = append(said, what+" in "+t.Plain())
				}
			}
			if said == nil {
				return ""
			}
			return fmt.Sprintf(format, strings.Join(said, ", "))
		}
	}
	columns := []section.Column{section.Under("child", section.Value("unit"))}
	for _, what := range heirlooms {
		columns = append(columns, section.Under("finds the parent's "+what, section.Count(what)))
	}
	return []section.Section{{
		Topic: "What a child finds of its parent", Claims: []string{"S9"},
		Form: section.Table{
			Finding: []section.Clause{
				found("fork", "a fork found its parent's %s tries"),
				found("spawn", "a spawned process %s"),
			},
			Columns: columns,
			Note:    "Memory: a value that was set. Environment: a variable that was exported. Files: one that was read half way is open, and the child reads on there. c-spawn is a program that was started with files that are not marked close-on-exec, as none is in C. CPython's forkserver is a process that was started before the variable was exported, and is copied.",
		},
	}}
}

// exported is the variable of the environment that a parent exports.
const exported = "PARCON_INHERITED"

// An estate is what the parent has, or a child finds.
type estate struct {
	number   int64  // the value of variable
	exported string // "" if it is not there
	at       int64  // where the open file is read next; -1 if it is not open
}

// has says whether it is there what a parent left.
func (e estate) has(what string, left estate) bool {
	switch what {
	case "memory":
		return e.number == left.number
	case "environment":
		return e.exported == left.exported
	}
	return e.at == left.at
}

// most is how far a file is read at most before a child goes on: any program is
// longer.
const most = 1000

func prepareInherited(t card.Trial) (card.Session, error) {
	if unit, ok := strings.CutPrefix(t.Get("unit"), "cpython-"); ok {
		return python(t, inheritedPython, "inherited", "unit="+unit, "dir="+t.Env.Dir)
	}
	self, err := os.Executable() // a file that is there, and long enough
	if err != nil {
		return card.Session{}, fmt.Errorf("finding a file to read: %w", err)
	}
	file, err := os.Open(self)
	if err != nil {
		return card.Session{}, fmt.Errorf("opening a file to read: %w", err)
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) {
			m := protocol.Measurement{card.UnitTries: float64(t.Ops)}
			for _, what := range heirlooms {
				m[what] = 0
			}
			for i := range t.Ops {
				left, found, err := bequeath(t, file)
				if err != nil {
					return nil, fmt.Errorf("try %d of %d: %w", i+1, t.Ops, err)
				}
				for _, what := range heirlooms {
					if found.has(what, left) {
						m[what]++
					}
				}
			}
			return m, nil
		},
		Close: file.Close,
	}, nil
}

// bequeath gives a new value to everything, and lets a child look.
func bequeath(t card.Trial, file *os.File) (left, found estate, err error) {
	fail := func(err error) (estate, estate, error) { return estate{}, estate{}, err }
	left = estate{number: 1 + rand.Int64N(1<<30), at: 1 + rand.Int64N(most)}
	left.exported = strconv.FormatInt(left.number, 36)
	store(&variable, left.number)
	if err := os.Setenv(exported, left.exported); err != nil {
		return fail(fmt.Errorf("exporting a variable: %w", err))
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fail(fmt.Errorf("going to the beginning of a file: %w", err))
	}
	if _, err := io.CopyN(io.Discard, file, left.at); err != nil {
		return fail(fmt.Errorf("reading half of a file: %w", err))
	}
	if found, err = heirs[t.Get("unit")](t, file); err != nil {
		return fail(err)
	}
	now, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return fail(fmt.Errorf("asking where a file is read next: %w", err))
	}
	anew := estate{at: -1} // what one that starts anew has
	for _, what := range heirlooms {
		if !found.has(what, left) && !found.has(what, anew) {
			return fail(fmt.Errorf("a parent had %+v, and its child found the %s %+v, which is neither that nor nothing", left, what, found))
		}
	}
	// A child that has the file reads one byte of it, and has moved its parent then.
	if moved := now == left.at+1; moved != found.has("files", left) || !moved && now != left.at {
		return fail(fmt.Errorf("a child found a file at %d, where its parent was at %d, and then at %d", found.at, left.at, now))
	}
	return left, found, nil
}

// heirs let a child look at what there is, and read one byte of the file if it is
// open.
var heirs = map[string]func(card.Trial, *os.File) (estate, error){
	"fork":  func(_ card.Trial, file *os.File) (estate, error) { return forkedHeir(file) },
	"spawn": spawnedHeir,
	"c-spawn": func(t card.Trial, file *os.File) (estate, error) {
		if err := heritable(file); err != nil {
			return estate{}, err
		}
		return spawnedHeir(t, file)
	},
}

// told is where a copy of this process puts what the kernel tells it. As a variable
// of the program it stays where it is.
var told struct {
	at   uintptr
	byte [1]byte
}

const word = 8 // bytes of a number, on all machines that package fork knows

// forkedHeir is a copy of this process, which sends what lies in its memory: the
// variable, and the entry of its environment, which Go keeps there
// (syscall/env_unix.go).
func forkedHeir(file *os.File) (estate, error) {
	hear, say, err := os.Pipe()
	if err != nil {
		return estate{}, fmt.Errorf("making a pipe from a copy of this process: %w", err)
	}
	defer closeAll(hear, say)
	entry := os.Getenv(exported)
	address := func(p unsafe.Pointer) uintptr { return uintptr(p) }
	send := func(p unsafe.Pointer, n int) fork.Call {
		return fork.Call{Number: fork.Send, Args: [6]uintptr{say.Fd(), address(p), uintptr(n)}}
	}
	c, err := fork.Start([]fork.Call{
		{Number: fork.Seek, Args: [6]uintptr{file.Fd(), 0, io.SeekCurrent}, Result: &told.at},
		{Number: fork.Read, Args: [6]uintptr{file.Fd(), address(unsafe.Pointer(&told.byte)), 1}},
		send(unsafe.Pointer(&variable), word), send(unsafe.Pointer(&told.at), word),
		send(unsafe.Pointer(unsafe.StringData(entry)), len(entry)),
	})
	if err != nil {
		return estate{}, err
	}
	status, err := c.Wait()
	if err == nil && status != 0 {
		err = fmt.Errorf("a copy of this process ended with exit status %d", status)
	}
	if err != nil {
		return estate{}, err
	}
	_ = say.Close()
	said, err := io.ReadAll(hear)
	if err == nil && len(said) != 2*word+len(entry) {
		err = fmt.Errorf("%d bytes, want %d", len(said), 2*word+len(entry))
	}
	if err != nil {
		return estate{}, fmt.Errorf("reading what a copy of this process found: %w", err)
	}
	number, at := binary.NativeEndian.Uint64(said), binary.NativeEndian.Uint64(said[word:])
	return estate{int64(number), string(said[2*word:]), int64(at)}, nil
}

// spawnedHeir is a part of this card.
func spawnedHeir(t card.Trial, file *os.File) (estate, error) {
	cmd := peer.Part(t, 1, "heir", file.Name(), fmt.Sprint(file.Fd()))
	cmd.Env = append(os.Environ(), cmd.Env...) // as exec.Cmd does that is told nothing
	var said, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complaint
	if err := proc.Start(cmd); err != nil {
		return estate{}, fmt.Errorf("starting a child: %w", err)
	}
	late := time.AfterFunc(patience, func() { proc.Kill(cmd) })
	err := cmd.Wait()
	late.Stop()
	if err != nil {
		line, _, _ := strings.Cut(complaint.String(), "\n")
		return estate{}, fmt.Errorf("a child that was started anew: %w: %s", err, line)
	}
	var e estate
	if _, err := fmt.Sscanf(said.String(), "%d %q %d", &e.number, &e.exported, &e.at); err != nil {
		return estate{}, fmt.Errorf("a child said %.80q of what it found: %w", said.String(), err)
	}
	return e, nil
}

// heir says what it finds: the file that its parent had open, by its path, would be
// open under the same number.
func heir(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("looking for what a parent left: %d arguments, want 2", len(args))
	}
	number, err := strconv.ParseUint(args[1], 10, 31)
	if err != nil {
		return fmt.Errorf("looking for what a parent left: %w", err)
	}
	e := estate{load(&variable), os.Getenv(exported), -1}
	is, gone := os.Stat(pathOf(uintptr(number)))
	was, err := os.Stat(args[0])
	if err != nil {
		return fmt.Errorf("looking for what a parent left: %w", err)
	}
	if gone == nil && os.SameFile(is, was) {
		file := os.NewFile(uintptr(number), args[0])
		if e.at, err = file.Seek(0, io.SeekCurrent); err == nil {
			_, err = file.Read(make([]byte, 1))
		}
		if err != nil {
			return fmt.Errorf("reading what a parent left: %w", err)
		}
	}
	_, err = fmt.Printf("%d %q %d\n", e.number, e.exported, e.at)
	return err
}
