package costs

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/variant"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// idle measures what a unit that only waits keeps in memory, seen from outside.
// A process of its own creates a crowd of units; what the kernel counts before
// and after, divided by their number, is
//
//	pss-bytes/unit          proportional set size: a page that n processes share
//	                        counts 1/n for each
//	rss-bytes/unit          resident set size: a shared page counts for each of them
//	page-table-bytes/unit   memory for page tables (VmPTE), which is in neither
//	threads/unit            kernel threads
//
// A process is the worker program that has done one empty task and waits for
// more; its figures are sums over the workers alone. A thread is a goroutine that is
// locked to its thread and waits on a channel, a goroutine waits on a channel,
// a coroutine stands still in the middle. The garbage of the process that holds
// them is collected and given back before both readings. Its own noise, some
// ten pages and a thread or two, is divided by the number of units as well:
// few units give a rough figure.
//
// What no figure holds is the kernel's own memory for a unit: its stack (16 KiB
// for every kernel thread on amd64 and arm64) and its descriptors. /proc/meminfo
// has only the sum over the whole machine, in which everything else that starts
// or ends is counted too; so threads/unit is given instead.
//
// The operation is one crowd, from the start of its process to its end.
var idle = card.Card{
	Name: "idle", Doc: "memory of a unit that waits",
	Keys: []card.Choice{
		{Key: "unit", Values: []string{"process", "thread", "goroutine", "coroutine"}},
		{Key: "count", Format: "%s units"},
	},
	Needs:    []card.Need{card.Linux},
	Cases:    idleCases,
	Claims:   idleClaims,
	Prepare:  prepareIdle,
	Parts:    map[string]func([]string) error{"crowd": crowdPart},
	Units:    []string{"pss-bytes/unit", "rss-bytes/unit", "page-table-bytes/unit", "threads/unit"},
	Sections: idleSections,
}

func idleSections() []section.Section {
	return []section.Section{{
		Topic: "Memory of an idle unit", Claims: []string{"U3"},
		Form: section.Dots{
			Name: "idle",
			Finding: []section.Clause{
				section.List(
					ofMost("process", "thread", "an idle process keeps %s the memory of a thread"),
					ofMost("thread", "goroutine", "an idle thread %s that of a goroutine")),
			},
			Rows: []string{"unit"}, Across: "count",
			Panels: []section.Panel{{
				Title: " of them, KiB each", Log: true, Format: func(kib float64) string { return number.Short(kib) + " KiB" },
				Value: func(s section.Samples, v variant.Variant) number.Interval {
					return s.Center(v, "pss-bytes/unit").Over(1 << 10)
				},
			}},
			Subtitle: "Resident memory of each unit; what processes share is shared out among them. Memory of the kernel is not in it.",
			Explain:  "unit",
			Note:     section.Medians + " " + section.Paired + " A few threads, goroutines or coroutines weigh less than the noise of the process that holds them.",
		},
	}}
}

func idling(unit string, count int) variant.Variant {
	return card.Of("idle", "unit", unit, "count", card.Itoa(count))
}

// idleCounts are the numbers of idle units of a kind.
func idleCounts(unit string, d card.Depth) []int {
	switch {
	case unit == "process" && d == card.Quick:
		return []int{10}
	case unit == "process":
		return []int{10, 100}
	case d == card.Quick:
		return []int{10, 1000}
	case d >= card.Full && (unit == "goroutine" || unit == "coroutine"):
		return []int{10, 100, 1000, 100_000}
	}
	return []int{10, 100, 1000}
}

func idleCases(s card.Scale) []card.Case {
	var cases []card.Case
	for _, unit := range []string{"process", "thread", "goroutine", "coroutine"} {
		for _, n := range idleCounts(unit, s.Depth) {
			cases = append(cases, card.Run(1, idling(unit, n)))
		}
	}
	return cases
}

func idleClaims(card.Scale) []card.Claim {
	larger := func(of string, word card.Word, over string, count int) card.Comparison {
		return card.Is(card.IdleMemory, idling(of, count), word, idling(over, count))
	}
	most := idleCounts("thread", card.Quick)[1]
	few := idleCounts("process", card.Quick)[0]
	return []card.Claim{{
		ID: "U3", Text: "A process needs far more memory than a thread, and a thread more than a goroutine or coroutine",
		Caveat: "Resident memory as the system counts it (proportional set size: shared pages are shared out), seen from outside. What the kernel keeps for each unit is not in it. A thread is one of Go, with what its runtime adds.",
		Comparisons: []card.Comparison{
			larger("process", card.Far, "thread", few),
			larger("thread", card.More, "goroutine", most),
			larger("thread", card.More, "coroutine", most),
		},
	}}
}

func prepareIdle(t card.Trial) (card.Session, error) {
	unit, count := t.Get("unit"), t.Int("count", 1)
	return card.Session{Run: func() (protocol.Measurement, error) {
		var sum memory
		for i := range t.Ops {
			grown, err := crowd(t, unit, count)
			if err != nil {
				return nil, fmt.Errorf("crowd %d of %d, of %d units: %w", i+1, t.Ops, count, err)
			}
			sum = sum.plus(grown)
		}
		units := float64(t.Ops) * float64(count)
		return protocol.Measurement{
			"pss-bytes/unit":        float64(sum.pss) / units,
			"rss-bytes/unit":        float64(sum.rss) / units,
			"page-table-bytes/unit": float64(sum.tables) / units,
			"threads/unit":          float64(sum.threads) / units,
		}, nil
	}}, nil
}

// crowd starts a process that creates the units, and returns by how much they
// let memory grow.
func crowd(t card.Trial, unit string, count int) (grown memory, err error) {
	args := append([]string{unit, strconv.Itoa(count)}, t.Env.Worker...)
	limit := patienceFor(10 * count)
	p, err := peer.Start(peer.Part(t, runtime.NumCPU(), "crowd", args...), limit)
	if err != nil {
		return grown, fmt.Errorf("starting the process that holds them: %w", err)
	}
	grown, err = watchCrowd(p, unit, count)
	if ended := p.End(limit); ended != nil { // and its units with it
		return grown, ended // what went wrong there comes first: the rest follows from it
	}
	return grown, err
}

// watchCrowd reads the memory before and after the units are created.
func watchCrowd(p *peer.Process, unit string, count int) (memory, error) {
	pid := p.Cmd.Process.Pid
	if _, err := readInts(p, 0); err != nil {
		return memory{}, err
	}
	before, err := readMemory(pid)
	if err != nil {
		return before, err
	}
	_ = p.Tell("create")
	if unit == "process" {
		pids, err := readInts(p, count)
		if err != nil {
			return before, err
		}
		return readAll(pids)
	}
	alive, err := readInts(p, 1)
	if err != nil {
		return before, err
	}
	after, err := readMemory(pid)
	grown := after.minus(before)
	switch {
	case err != nil:
		return grown, err
	case alive[0] != count:
		return grown, fmt.Errorf("%d units are alive at once, want %d", alive[0], count)
	case unit == "thread" && after.threads < int64(count):
		return grown, fmt.Errorf("the kernel counts %d threads, want %d at least", after.threads, count)
	}
	return grown, nil
}

// readInts reads a line of exactly n different numbers.
func readInts(p *peer.Process, n int) ([]int, error) {
	text, err := p.Hear()
	if err != nil {
		return nil, err
	}
	return parseInts(text, n)
}

func parseInts(text string, n int) ([]int, error) {
	words := strings.Fields(text)
	if len(words) != n {
		return nil, fmt.Errorf("the process that holds them names %d numbers, want %d", len(words), n)
	}
	numbers := make([]int, n)
	seen := make(map[int]bool, n)
	for i, word := range words {
		var err error
		if numbers[i], err = strconv.Atoi(word); err != nil {
			return nil, fmt.Errorf("the process that holds them: %w", err)
		}
		if seen[numbers[i]] {
			return nil, fmt.Errorf("the process that holds them names %d twice", numbers[i])
		}
		seen[numbers[i]] = true
	}
	return numbers, nil
}

// settle is how often memory is collected before the first reading. The first
// rounds of the collector take memory for its own books, 300 KB in all, which
// would be counted with the units.
const settle = 5

// crowdPart holds the units: its arguments are their kind, their number and the
// worker program. It says an empty line when it is ready, reads one, creates the
// units, says what they are, and ends them at the end of its standard input.
func crowdPart(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("holding units with %d arguments: it needs their kind, their number and a worker program", len(args))
	}
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("holding units: their number: %w", err)
	}
	in := bufio.NewReader(os.Stdin)
	// One unit goes before, because the code that creates the first one is read
	// into memory with it.
	if _, end, err := gather(args[0], 1, args[2:]); err != nil {
		return errors.Join(err, end())
	} else if err := end(); err != nil {
		return err
	}
	for range settle {
		debug.FreeOSMemory()
	}
	fmt.Println()
	if _, err := in.ReadString('\n'); err != nil {
		return fmt.Errorf("waiting to be told to create units: %w", err)
	}
	units, end, err := gather(args[0], count, args[2:])
	if err != nil {
		return errors.Join(err, end())
	}
	debug.FreeOSMemory()
	fmt.Println(strings.Trim(fmt.Sprint(units), "[]"))
	_, _ = in.ReadString('\n')
	return end()
}

// gather creates units that wait until end is called, which waits for them.
// It returns the numbers of the processes, or how many others there are.
func gather(unit string, count int, program []string) (units []int, end func() error, err error) {
	switch unit {
	case "process":
		return gatherProcesses(count, program)
	case "coroutine":
		alive, end := gatherCoroutines(count)
		return []int{alive}, end, nil
	case "thread":
		// Go gives up at 10,000 threads unless it is told that they are meant.
		debug.SetMaxThreads(count + 10_000)
	}
	alive, end := gatherGoroutines(count, unit == "thread")
	return []int{alive}, end, nil
}

func gatherGoroutines(count int, locked bool) (alive int, end func() error) {
	var here, gone sync.WaitGroup
	stop := make(chan struct{})
	here.Add(count)
	before := runtime.NumGoroutine()
	for range count {
		gone.Go(func() {
			if locked {
				runtime.LockOSThread()
			}
			here.Done()
			<-stop
		})
	}
	here.Wait()
	return runtime.NumGoroutine() - before, func() error {
		close(stop)
		gone.Wait()
		return nil
	}
}

func gatherCoroutines(count int) (alive int, end func() error) {
	stops := make([]func(), count)
	for i := range stops {
		next, stop := iter.Pull(func(yield func(struct{}) bool) {
			alive++
			yield(struct{}{})
			alive--
		})
		next() // it runs up to its yield and stands still there
		stops[i] = stop
	}
	return alive, func() error {
		for _, stop := range stops {
			stop()
		}
		if alive != 0 {
			return fmt.Errorf("%d of %d coroutines did not end", alive, count)
		}
		return nil
	}
}

// waiting is a worker process that waits for work.
type waiting struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.Reader
}

// gatherProcesses starts all workers first and then waits for the answer of
// each: it has one when its start is over.
func gatherProcesses(count int, program []string) (pids []int, end func() error, err error) {
	var all []waiting
	end = func() error {
		var errs []error
		for _, w := range all {
			_ = w.in.Close() // all of them first: they end beside each other
		}
		for _, w := range all {
			if err := w.cmd.Wait(); err != nil {
				errs = append(errs, fmt.Errorf("ending %s: %w", w.cmd.Path, err))
			}
		}
		return errors.Join(errs...)
	}
	for i := range count {
		w, err := startWaiting(program)
		if err != nil {
			return nil, end, fmt.Errorf("starting process %d of %d: %w", i+1, count, err)
		}
		all = append(all, w)
		pids = append(pids, w.cmd.Process.Pid)
	}
	for i, w := range all {
		if err := w.askOnce(); err != nil {
			return nil, end, fmt.Errorf("process %d of %d: %w", i+1, count, err)
		}
	}
	return pids, end, nil
}

func startWaiting(program []string) (waiting, error) {
	w := waiting{cmd: emptyWorker(program, worker.Serve)}
	var err error
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return w, err
	}
	if w.out, err = w.cmd.StdoutPipe(); err != nil {
		return w, err
	}
	w.cmd.Stderr = os.Stderr
	return w, proc.Start(w.cmd)
}

// askOnce sends a worker the task 0 and checks its answer. A frame is a length
// of four bytes, little-endian, and so many bytes; a reply begins with a zero
// (package procpool).
func (w waiting) askOnce() error {
	request := worker.Request(0, make([]byte, 4))
	binary.LittleEndian.PutUint32(request, uint32(len(request)-4))
	if _, err := w.in.Write(request); err != nil {
		return fmt.Errorf("asking it for a task: %w", err)
	}
	var head [5]byte
	if _, err := io.ReadFull(w.out, head[:]); err != nil {
		return fmt.Errorf("waiting for its answer: %w", err)
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size < 1 || size > 1<<10 || head[4] != 0 {
		return fmt.Errorf("it answers with %d bytes and status %d: worker and parent are of different versions", size, head[4])
	}
	reply := make([]byte, size-1)
	if _, err := io.ReadFull(w.out, reply); err != nil {
		return fmt.Errorf("reading its answer: %w", err)
	}
	result, err := worker.ParseResult(reply)
	if err != nil {
		return err
	}
	return checkAnswer(0, result)
}

// ofMost says a ratio at the largest number of units that both were measured with.
func ofMost(of, than, format string) section.Clause {
	return func(s section.Samples) string {
		for _, n := range slices.Backward(s.Values("count")) {
			if r := s.Over(s.The("unit", of, "count", n), s.The("unit", than, "count", n), "pss-bytes/unit"); r.N > 0 {
				return s.Fold(r, format) + fmt.Sprintf(" (%s of each)", number.Thousands(n))
			}
		}
		return ""
	}
}
