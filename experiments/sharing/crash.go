package sharing

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// crash lets one of three units crash and looks who is alive then. The three are
// processes, or kernel threads of one process. Each shows that it lives before,
// and is asked again when the process of the crashed one has ended.
//
// Seen is what the textbooks say: the other processes answer, no thread does,
// and the exit status tells the way (with the runtime's first words where Go has
// but one status, 2, for all that it ends by itself).
//
// Several tries are made at a time: each has processes of its own, and waits for them.
var crash = card.Card{
	Name: "crash", Doc: "who survives when one of three units crashes?",
	Keys: []card.Choice{
		{Key: "unit", Values: []string{"process", "thread"}},
		{
			Key: "way", Values: []string{"panic", "nil", "segv", "kill", "exit", "memory"},
			Words: map[string]string{
				"nil": "nil pointer", "segv": "SIGSEGV", "kill": "SIGKILL", "exit": "exit with status 3", "memory": "no memory left",
			},
		},
	},
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       crashCases,
	Claims:      crashClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		return card.Session{Run: func() (protocol.Measurement, error) {
			var survivors atomic.Int64
			m, err := card.TryTogether(t.Ops, min(8, 2*runtime.NumCPU()), func(int) (bool, error) {
				threads := t.Get("unit") == "thread"
				alive, told, err := crashOne(t, threads, t.Get("way"))
				survivors.Add(int64(alive))
				return told && asTaught(threads, alive), err
			})
			if err == nil {
				m["survivors"] = float64(survivors.Load())
			}
			return m, err
		}}, nil
	},
	Parts: map[string]func([]string) error{"live": func(args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("starting units: %d numbers of them, want 1", len(args))
		}
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return fmt.Errorf("starting units: %w", err)
		}
		return live(n)
	}},
	Counts:   []string{"survivors"},
	Sections: crashSections,
}

func crashSections() []section.Section {
	return []section.Section{{
		Topic: "Who survives a crash", Claims: []string{"S2"},
		Form: section.Table{
			Finding: []section.Clause{
				alive("when a process crashed, %s others lived on", "process"),
				alive("when a thread crashed, %s others lived on", "thread"),
			},
			Rows: section.Alike("unit", "seen"),
			Columns: []section.Column{
				section.Under("who crashes", section.Value("unit")),
				section.Under("ways to crash", section.Value("way")),
				section.Under("others that lived on", func(s section.Samples, row section.Row) string { return survivors(s, row).String() }),
				section.Under("all as said", section.Count("seen")),
			},
			Note: "Two others of its kind are asked for a sign of life in each try. All as said: both other processes live on, or no other thread does, and the exit status tells the way.",
		},
	}}
}

func crashed(unit, way string) variant.Variant {
	return card.Of("crash", "unit", unit, "way", way)
}

// crashCases is every way to crash, by a process and by a thread.
func crashCases(card.Scale) []card.Case {
	var cases []card.Case
	for _, way := range []string{"panic", "nil", "segv", "kill", "exit", "memory"} {
		cases = append(cases, card.Run(card.Tries, crashed("process", way)), card.Run(card.Tries, crashed("thread", way)))
	}
	return cases
}

func crashClaims(s card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "S2", Text: "A crashing process leaves the others alive; a crashing thread takes the whole process with it",
		Caveat: "A panic or nil dereference that Go code recovers from ends nothing; here nobody does.",
	}
	for _, c := range crashCases(s) {
		claim.Comparisons = append(claim.Comparisons, card.Always(card.Seen, c.Variant))
	}
	return []card.Claim{claim}
}

const units = 3

// asTaught says whether so many of the other units live on as the textbooks say.
func asTaught(threads bool, alive int) bool {
	if threads {
		return alive == 0
	}
	return alive == units-1
}

// A unit is one thread of a part.
type unit struct {
	*peer.Process
	index int
}

// alive asks for a sign of life, which is the number of the unit's thread.
func (u unit) alive() (int, error) {
	_ = u.Tell(fmt.Sprint(u.index, " ", answer))
	line, err := u.Hear()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(line)
}

// crashOne starts three units and lets the first crash. It returns how many of
// the others are alive then, and whether the way told by its end is the one that
// it went.
func crashOne(t card.Trial, threads bool, way string) (survivors int, told bool, err error) {
	var all []unit
	defer func() {
		for _, u := range all {
			u.Kill()
		}
	}()
	for i := range units {
		u := unit{index: i}
		switch {
		case threads && i > 0:
			u.Process = all[0].Process
		case threads:
			u.Process, err = enlist(t, "live", nil, strconv.Itoa(units))
		default:
			u.index = 0
			u.Process, err = enlist(t, "live", nil, "1")
		}
		if err != nil {
			return 0, false, err
		}
		all = append(all, u)
	}
	ids := map[int]bool{}
	for _, u := range all {
		id, err := u.alive()
		if err != nil {
			return 0, false, fmt.Errorf("before the crash: %w", err)
		}
		ids[id] = true
	}
	if len(ids) != units {
		return 0, false, fmt.Errorf("%d units have %d threads", units, len(ids))
	}

	first := all[0]
	_ = first.Tell(fmt.Sprint(first.index, " ", way))
	if line, err := first.Hear(); err == nil {
		return 0, false, fmt.Errorf("a unit that was to crash by %s said %.100q", way, line)
	}
	told = tells(way, first.Cmd.ProcessState.String(), first.Complaint())
	for _, u := range all[1:] {
		if _, err := u.alive(); err == nil {
			survivors++
		}
	}
	return survivors, told, nil
}

// exitStatus is that of the crash by exit.
const exitStatus = 3

// tells says whether a process that ended like this, and wrote that to its
// standard error, went this way.
func tells(way, ended, complaint string) bool {
	byGo := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(complaint, w) {
				return ended == "exit status 2"
			}
		}
		return false
	}
	switch way {
	case "panic":
		return byGo("panic: " + onPurpose)
	case "nil":
		return byGo("nil pointer dereference")
	case "segv":
		return ended == "signal: segmentation fault"
	case "kill":
		return ended == "signal: killed"
	case "exit":
		return ended == fmt.Sprint("exit status ", exitStatus)
	case "memory":
		return byGo("out of memory", "cannot allocate memory")
	}
	return false
}

const (
	answer    = "answer"   // a unit's order to show that it lives
	onPurpose = "crashing" // what it panics with
)

// live is a part with n units. It reads orders, "INDEX answer" or "INDEX WAY".
func live(n int) error {
	orders := make([]chan string, n)
	failed := make(chan error, n+1)
	for i := range orders {
		orders[i] = make(chan string)
		go func() {
			runtime.LockOSThread()
			for order := range orders[i] {
				if order != answer {
					failed <- die(order)
					continue
				}
				fmt.Println(threadID())
			}
		}()
	}
	go func() {
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			index, order, _ := strings.Cut(in.Text(), " ")
			i, err := strconv.Atoi(index)
			if err != nil || i < 0 || i >= n {
				failed <- fmt.Errorf("reading an order: %q names none of %d units", in.Text(), n)
				return
			}
			orders[i] <- order
		}
		failed <- in.Err()
	}()
	return <-failed
}

// die ends this process, or returns why it could not.
func die(way string) error {
	switch way {
	case "panic":
		panic(onPurpose)
	case "nil":
		var none *unit
		none.index = 1
	case "segv":
		return fault()
	case "kill":
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		if err != nil {
			return fmt.Errorf("killing this process: %w", err)
		}
		select {} // until it happens
	case "exit":
		os.Exit(exitStatus)
	case "memory":
		return exhaust()
	}
	return fmt.Errorf("crashing by %q: there is no such way", way)
}

// exhaust allocates until a limit of 64 MiB more than now ends this process.
func exhaust() error {
	const limit, piece = 64 << 20, 16 << 20
	if err := limitMemory(limit); err != nil {
		return err
	}
	var hoard [][]byte
	debug.SetGCPercent(-1)        // there is nothing to be collected
	for range 8 * limit / piece { // Go has some address space in reserve, and no more than that
		hoard = append(hoard, make([]byte, piece))
	}
	return fmt.Errorf("a limit of %d bytes did not stop %d pieces of %d", limit, len(hoard), piece)
}

// survivors are how many of the others lived on.
func survivors(s section.Samples, row section.Row) section.Total {
	t := s.Total("survivors", row...)
	t.Tries *= units - 1
	return t
}

func alive(format, unit string) section.Clause {
	return func(s section.Samples) string { return survivors(s, s.With("unit", unit)).In(format) }
}
