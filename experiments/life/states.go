package life

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/clock"
	"parcon/runner/proc"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// What the workers do.
const (
	workCompute = "compute"        // as many as cores
	workWait    = "wait"           // as many, which sleep again and again
	workOver    = "oversubscribed" // four times as many as cores, which compute
)

const (
	between = time.Millisecond // two samples
	sleep   = time.Millisecond // of a worker that waits
	crowd   = 4                // workers on each core, if oversubscribed
)

// states looks at which share of their time workers are running, ready, and
// blocked. Two sources are compared:
//
// Shares of time are from /proc/PID/task/TID/schedstat: nanoseconds on a core and
// in the run queue, over the wall clock; the rest is blocked. The kernel adds a
// turn on a core to these at its ticks and a turn in the queue at its end, so that
// both ends of a window lag by some milliseconds. The lags are alike at both ends
// and cancel on average; a single short window has the noise of them, and shares
// that it makes negative are counted as 0.
//
// Samples are the state letters: R is running or ready, which the kernel does not
// tell apart there, S and D are blocked.
//
// A Go program has more threads than the one that works: the monitor, the
// collector, the poller. They are kept out: a worker locks its goroutine to a
// thread, tells that thread's number, and only this thread is looked at. So that
// the runtime does not take the turn from it either, workers run without
// preemption and with a second Go processor for everything else.
var states = card.Card{
	Name:     "states",
	Doc:      "which share of their time workers are running, ready, and blocked",
	Keys:     []card.Choice{{Key: "work", Values: []string{workCompute, workWait, workOver}}},
	Needs:    []card.Need{card.Linux},
	Cases:    stateCases,
	Claims:   stateClaims,
	Prepare:  prepareStates,
	Parts:    map[string]func([]string) error{"worker": work},
	Label:    "state",
	Units:    []string{"running-share", "ready-share", "blocked-share", "r-share", "s-share"},
	Sections: statesSections,
}

func statesSections() []section.Section {
	return []section.Section{{
		Topic: "Running, ready, blocked", Claims: []string{"F6"},
		Why: "At work, ready or blocked is all that the kernel knows of a process, and only as many are at work as there are cores.",
		Form: section.Dots{
			Name: "states",
			Finding: []section.Clause{
				section.Lean(
					inState(workCompute, "running", "processes that compute run %s of the time"),
					inState(workWait, "blocked", "those that wait are blocked %s"),
					inState(workOver, "ready", "with four per core they are ready %s")),
			},
			Rows: []string{"work"},
			Panels: []section.Panel{
				stateShare("running"), stateShare("ready"), stateShare("blocked"),
			},
			Subtitle: "Share of the time that processes are in a state. compute: a process for each core. wait: as many, which sleep. oversubscribed: four for each core compute.",
			Note:     section.Medians + " Ready: it could run, but has no core.",
		},
	}}
}

func stateOf(work string) variant.Variant { return card.Of("states", "work", work) }

func stateCases(card.Scale) []card.Case {
	return []card.Case{
		card.Run(40, stateOf("compute")), card.Run(40, stateOf("wait")), card.Run(24, stateOf("oversubscribed")),
	}
}

func stateClaims(card.Scale) []card.Claim {
	share := func(state string) card.Measure {
		return card.Measure{Name: state + " share", Unit: state + "-share", How: card.Value}
	}
	return []card.Claim{{
		ID: "F6", Text: "Computing processes are mostly not blocked, waiting ones mostly are, and with four for each core most are ready and wait for their turn",
		Comparisons: []card.Comparison{
			card.Is(share("blocked"), stateOf("compute"), card.Seldom, card.Alone),
			card.Is(share("blocked"), stateOf("wait"), card.Mostly, card.Alone),
			card.Is(share("ready"), stateOf("oversubscribed"), card.Mostly, card.Alone),
		},
	}}
}

func prepareStates(t card.Trial) (card.Session, error) {
	n := runtime.NumCPU()
	if t.Get("work") == workOver {
		n *= crowd
	}
	team, err := hire(t, n)
	if err == nil {
		err = team.begin()
	}
	if err != nil {
		team.close()
		return card.Session{}, err
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return team.run(t.Ops) },
		Close: func() error { team.close(); return nil },
	}, nil
}

// A worker is a process and the files that tell of its working thread.
type worker struct {
	child     *child
	stat      *os.File
	schedstat *os.File
	samples   map[byte]int // by state
}

// hire starts n workers, and returns those that there are also with an error.
func hire(t card.Trial, n int) (team, error) {
	var all team
	for range n {
		cmd := peer.Part(t, 2, "worker", t.Get("work"))
		cmd.Env = append(cmd.Env, "GODEBUG=asyncpreemptoff=1")
		c, err := start(cmd)
		if err != nil {
			return all, err
		}
		all = append(all, &worker{child: c, samples: map[byte]int{}})
	}
	for _, w := range all { // they are on their way together
		if err := w.open(); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (w *worker) open() error {
	thread, err := w.child.number()
	if err != nil {
		return err
	}
	dir := fmt.Sprintf("/proc/%d/task/%d/", w.child.cmd.Process.Pid, thread)
	for _, f := range []struct {
		to   **os.File
		name string
	}{{&w.stat, "stat"}, {&w.schedstat, "schedstat"}} {
		if *f.to, err = os.Open(dir + f.name); err != nil {
			return fmt.Errorf("looking at a worker's thread: %w", err)
		}
	}
	return nil
}

func (w *worker) close() {
	w.child.close()
	if w.stat != nil {
		_ = w.stat.Close()
	}
	if w.schedstat != nil {
		_ = w.schedstat.Close()
	}
}

// sample notes the state of now.
func (w *worker) sample() error {
	var buf [1024]byte
	text, err := readAgain(w.stat, buf[:])
	if err != nil {
		return fmt.Errorf("sampling the state of worker %d: %w", w.child.cmd.Process.Pid, err)
	}
	s, ok := parseStat(text)
	if !ok {
		return fmt.Errorf("sampling the state of worker %d: the format is not known: %.80q", w.child.cmd.Process.Pid, text)
	}
	switch s.state {
	case 'R', 'S', 'D':
		w.samples[s.state]++
		return nil
	}
	return fmt.Errorf("worker %d is in state %c: it was stopped or ended while it was to work", w.child.cmd.Process.Pid, s.state)
}

// account is what a thread did until now.
func (w *worker) account() (account, error) {
	var buf [128]byte
	text, err := readAgain(w.schedstat, buf[:])
	now := time.Duration(clock.Now())
	if err != nil {
		return account{}, fmt.Errorf("reading the times of worker %d: %w", w.child.cmd.Process.Pid, err)
	}
	ran, waited, ok := usage.ParseSchedstat(text)
	if !ok {
		return account{}, fmt.Errorf("reading the times of worker %d: the format is not known: %.80q", w.child.cmd.Process.Pid, text)
	}
	if ran == 0 { // it told its thread's number: it ran
		return account{}, errors.New("reading the times of workers: this kernel does not count them, it needs CONFIG_SCHED_INFO")
	}
	return account{now, ran, waited}, nil
}

type team []*worker

// close ends all at once: one that computes would keep the core from one that is to end.
func (t team) close() {
	for _, w := range t {
		_ = w.child.cmd.Process.Kill()
	}
	for _, w := range t {
		w.close()
	}
}

// begin makes all work, and returns when each does. They start together: who
// computes early takes the cores from those that are still to be started.
func (t team) begin() error {
	for _, w := range t {
		if err := w.child.tell(ready); err != nil {
			return err
		}
	}
	for _, w := range t {
		if err := w.child.expect(ready); err != nil {
			return err
		}
	}
	return nil
}

// accounts of all workers.
func (t team) accounts() ([]account, error) {
	list := make([]account, len(t))
	for i, w := range t {
		var err error
		if list[i], err = w.account(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// run takes so many samples of all workers.
func (t team) run(samples int) (protocol.Measurement, error) {
	before, err := t.accounts()
	if err != nil {
		return nil, err
	}
	for range samples {
		time.Sleep(between)
		for _, w := range t {
			if err := w.sample(); err != nil {
				return nil, err
			}
		}
	}
	after, err := t.accounts()
	if err != nil {
		return nil, err
	}
	r, all := 0, samples*len(t)
	for _, w := range t {
		r += w.samples['R']
	}
	s := shares(before, after)
	return protocol.Measurement{
		"running-share": s.running, "ready-share": s.ready, "blocked-share": s.blocked,
		"r-share": float64(r) / float64(all), "s-share": float64(all-r) / float64(all),
	}, nil
}

// An account is what a thread did until a moment.
type account struct{ at, ran, waited time.Duration }

// share of the time in each state, each from 0 to 1; they add up to 1.
type share struct{ running, ready, blocked float64 }

// shares are those of all threads together between two accounts of each.
func shares(before, after []account) share {
	var wall, ran, waited float64
	for i := range before {
		wall += float64(after[i].at - before[i].at)
		ran += float64(after[i].ran - before[i].ran)
		waited += float64(after[i].waited - before[i].waited)
	}
	if wall <= 0 {
		return share{blocked: 1}
	}
	running := min(1, max(0, ran/wall))
	ready := min(1-running, max(0, waited/wall))
	return share{running, ready, 1 - running - ready}
}

// work is a worker: it tells its thread's number, and when it is told that all are
// ready, works until it is ended.
func work(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("doing one work: %d were given", len(args))
	}
	runtime.LockOSThread()
	fmt.Println(thread())
	in := bufio.NewReader(proc.Stdin())
	line, err := in.ReadString('\n')
	if err != nil {
		return fmt.Errorf("waiting for the start of the work: %w", err)
	}
	go proc.WatchParent(in)
	fmt.Print(line)
	if args[0] == workWait {
		for {
			nap(sleep)
		}
	}
	for x := uint64(1); x != 0; x = x*6364136223846793005 + 2 { // odd for ever
	}
	return errors.New("an odd number became 0")
}

// shareOf is the share of time in a state, in percent.
func shareOf(s section.Samples, v variant.Variant, state string) number.Interval {
	i := s.Center(v, state+"-share")
	i.Estimate, i.Low, i.High = number.AtMostAll(i.Estimate), number.AtMostAll(i.Low), number.AtMostAll(i.High)
	return i.Over(0.01)
}

func inState(work, state, format string) section.Clause {
	return func(s section.Samples) string {
		i := shareOf(s, s.The("work", work), state)
		if i.N == 0 {
			return ""
		}
		return fmt.Sprintf(format, number.Percent(i.Estimate/100))
	}
}

func stateShare(state string) section.Panel {
	percent := func(v float64) string { return number.Percent(v / 100) }
	return section.Panel{
		Title: state, Shared: true, Format: percent, Tick: percent,
		Value: func(s section.Samples, v variant.Variant) number.Interval { return shareOf(s, v, state) },
	}
}
