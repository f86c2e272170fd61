package life

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/affinity"
	"parcon/runner/clock"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// turns: some processes compute on one core and do nothing but read the clock. A
// process that another one takes the core from sees a gap between two readings; what
// lies between two such gaps is a stretch, the length of one turn. All of them are
// observed, and their stretches are taken together: so a trial takes as long beside
// seven as beside one. What lies before a process's first gap and behind its last one
// is cut off and not counted.
//
// A gap of half a millisecond or more counts as the end of a turn if the process spent
// most of it in the queue for the core, which the kernel tells
// (/proc/thread-self/schedstat): then somebody else had it. Linux gives nobody who
// computes less than some 0.7 ms (base_slice_ns, kernel/sched/fair.c), while an
// interrupt, or a thread that wakes up and sleeps again, takes microseconds. A gap that
// was not spent in the queue is time that a hypervisor stole: no turn ends with it, and
// it is not counted as part of one.
//
// The rest of Go's runtime in these processes is kept off the core, where there is
// another one, and does not preempt. What else runs on the machine cuts turns short: it
// wakes up on the core, and who is the next one there is decided anew.
var turns = card.Card{
	Name:     "turns",
	Doc:      "how long a computing process has the core before another one gets it",
	Keys:     []card.Choice{{Key: "others", Values: []string{"1", "3", "7"}, Format: "beside %s"}},
	Needs:    []card.Need{card.Linux},
	Cases:    turnCases,
	Claims:   turnClaims,
	Prepare:  prepareTurns,
	Parts:    map[string]func([]string) error{"worker": takeTurns},
	Label:    "turn on one core",
	Units:    []string{stretchHalf, stretchMost, stretchSeen},
	Sections: turnsSections,
}

func turnsSections() []section.Section {
	beside := func(others, format string) section.Clause {
		return func(s section.Samples) string {
			i := s.Center(s.The("others", others), stretchHalf)
			if i.N == 0 {
				return ""
			}
			return fmt.Sprintf(format, number.RoundSpan(i.Estimate))
		}
	}
	return []section.Section{{
		Topic: "Turns on one core", Claims: []string{"P12"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Lean(
					beside("1", "a computing process typically has the core for %s beside one other"),
					beside("3", "%s beside three"), beside("7", "%s beside seven")),
			},
			Columns: []section.Column{
				section.Under("others on the core", section.Value("others")),
				section.Under("half of the turns are not longer than (p50)", section.Span(stretchHalf)),
				section.Under("nearly all (p99)", section.Span(stretchMost)),
			},
			Note: "Medians over trials with {interval}s. Of fewer than 100 turns in a trial the p99 is the longest. Other programs that run on the core meanwhile cut turns short.",
		},
	}}
}

func turnsBeside(others string) variant.Variant { return card.Of("turns", "others", others) }

// turnCases: each trial sees so many turns at least.
func turnCases(card.Scale) []card.Case {
	return []card.Case{card.Run(6, turnsBeside("1")), card.Run(6, turnsBeside("3")), card.Run(6, turnsBeside("7"))}
}

func turnClaims(s card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "P12", Text: "One core runs each program for tens or hundreds of milliseconds before it turns to the next",
		Caveat: "Linux plans turns of a few milliseconds at most (base_slice_ns of its scheduler, EEVDF, since 6.6) and ends one at a tick of its clock, of which there are 100 to 1,000 in a second. Of programs that compute and never wait: one that waits gives its turn away at once. Tens of milliseconds are 10 ms at least, at the median.",
	}
	median := card.Measure{Name: "median turn", Unit: stretchHalf, How: card.Value}
	for _, c := range turnCases(s) {
		claim.Comparisons = append(claim.Comparisons, card.AtLeast(median, c.Variant, float64(10*time.Millisecond)))
	}
	return []card.Claim{claim}
}

// The units.
const (
	stretchHalf = "stretch-p50-ns"
	stretchMost = "stretch-p99-ns"
	stretchSeen = "stretches" // how many there were
)

const (
	// turnsWindow is how long is looked at first: turns of 4 ms give seven stretches or
	// more then. Where turns are longer it is doubled, up to turnsLimit.
	turnsWindow = 60 * time.Millisecond
	turnsLimit  = 64 * turnsWindow
	// arrival is how long each process may take to be there.
	arrival = 5 * time.Millisecond
	// leastTurn is the shortest gap that may be a turn of somebody else.
	leastTurn = 500 * time.Microsecond
)

func prepareTurns(t card.Trial) (card.Session, error) {
	cores, err := affinity.Cores()
	if err != nil {
		return card.Session{}, err
	}
	n := t.Int("others", 1) + 1
	crew, err := peer.Assemble(n, 2*turnsLimit+patience, func(int) *exec.Cmd {
		cmd := peer.Part(t, 1, "worker", strconv.Itoa(cores[len(cores)-1]))
		cmd.Env = append(cmd.Env, "GODEBUG=asyncpreemptoff=1")
		return cmd
	})
	if err != nil {
		return card.Session{}, err
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return runTurns(crew, t.Ops) },
		Close: func() error { return crew.End(patience) },
	}, nil
}

// runTurns looks until so many stretches were seen in one window, or as long as it may.
func runTurns(c peer.Crew, want int) (protocol.Measurement, error) {
	var all []time.Duration
	for window := turnsWindow; len(all) < want && window <= turnsLimit; window *= 2 {
		from := clock.Now() + int64(len(c))*int64(arrival)
		c.Tell(fmt.Sprint(from, " ", from+int64(window)))
		lines, err := c.Hear()
		if err != nil {
			return nil, err
		}
		all = nil
		for _, line := range lines {
			list, err := parseStretches(line)
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%d processes computed on one core, and none had two turns within %v", len(c), turnsLimit)
	}
	slices.Sort(all)
	return protocol.Measurement{
		stretchHalf: float64(rank(all, 50)), stretchMost: float64(rank(all, 99)), stretchSeen: float64(len(all)),
	}, nil
}

// A gap is what a process sees that does not have the core for a while: the times of
// two readings of its clock, and how long of that it was in the queue.
type gap struct {
	from, to int64 // clock.Now
	waited   time.Duration
}

// stretchesOf are the lengths of the turns between gaps, which are in their order. A
// gap that was mostly spent in the queue ends a turn; the time of another one is left
// out.
func stretchesOf(gaps []gap) []time.Duration {
	var list []time.Duration
	began, stolen := int64(-1), int64(0)
	for _, g := range gaps {
		if length := g.to - g.from; 2*int64(g.waited) < length {
			stolen += length
			continue
		}
		if began >= 0 {
			list = append(list, time.Duration(g.from-began-stolen))
		}
		began, stolen = g.to, 0
	}
	return list
}

// answered begins a worker's answer: there may be no stretch.
const answered = "stretches"

// parseStretches reads what a worker answers.
func parseStretches(line string) ([]time.Duration, error) {
	words := strings.Fields(line)
	if len(words) == 0 || words[0] != answered {
		return nil, fmt.Errorf("a worker said %.80q, want its stretches", line)
	}
	list := make([]time.Duration, len(words)-1)
	for i, word := range words[1:] {
		n, ok := natural(word)
		if !ok {
			return nil, fmt.Errorf("a worker said %.80q, want its stretches in ns", line)
		}
		list[i] = time.Duration(n)
	}
	return list, nil
}

// takeTurns is a process that computes on a core, from one moment to another, when it
// is told to.
func takeTurns(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("computing on one core: %d were given", len(args))
	}
	core, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("computing on one core: %w", err)
	}
	if err := keepTo(core); err != nil {
		return err
	}
	queue, err := os.Open("/proc/thread-self/schedstat")
	if err != nil {
		return fmt.Errorf("asking how long this thread waits for its core: %w", err)
	}
	defer queue.Close()
	return peer.Attend(func(line string) (string, error) {
		var from, to int64
		if _, err := fmt.Sscan(line, &from, &to); err != nil {
			return "", fmt.Errorf("computing from when to when: %.80q: %w", line, err)
		}
		gaps, err := readClock(queue, from, to)
		text := answered
		for _, s := range stretchesOf(gaps) {
			text += " " + strconv.FormatInt(int64(s), 10)
		}
		return text, err
	})
}

// keepTo keeps the caller's thread on a core and the others of this process, which
// have other things to do, off it.
func keepTo(core int) error {
	runtime.LockOSThread()
	cores, err := affinity.Cores()
	if err != nil {
		return err
	}
	if cores = slices.DeleteFunc(cores, func(c int) bool { return c == core }); len(cores) > 0 {
		if err := affinity.Process(cores...); err != nil {
			return err
		}
	}
	return affinity.Thread(core)
}

// mostGaps bounds what is noted: in a window are fewer.
const mostGaps = 4096

// readClock reads the clock all the time until to, and returns the gaps from from on.
func readClock(queue *os.File, from, to int64) ([]gap, error) {
	gaps := make([]gap, 0, mostGaps)
	before, err := waitedFor(queue)
	if err != nil {
		return nil, err
	}
	for last := clock.Now(); last < to && len(gaps) < mostGaps; {
		now := clock.Now()
		if now-last >= int64(leastTurn) {
			waited, err := waitedFor(queue)
			if err != nil {
				return nil, err
			}
			if last >= from {
				gaps = append(gaps, gap{last, now, waited - before})
			}
			before = waited
		}
		last = now
	}
	return gaps, nil
}

// waitedFor is how long this thread was in the queue for a core.
func waitedFor(queue *os.File) (time.Duration, error) {
	var buf [128]byte
	text, err := readAgain(queue, buf[:])
	if err != nil {
		return 0, fmt.Errorf("asking how long this thread waits for its core: %w", err)
	}
	ran, waited, ok := usage.ParseSchedstat(text)
	if !ok {
		return 0, fmt.Errorf("asking how long this thread waits for its core: the format is not known: %.80q", text)
	}
	if ran == 0 {
		return 0, errors.New("asking how long this thread waits for its core: this kernel does not count it, it needs CONFIG_SCHED_INFO")
	}
	return waited, nil
}
