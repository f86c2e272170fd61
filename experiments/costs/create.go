package costs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/fork"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/variant"
	"parcon/runner/clock"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// create measures the whole life of a unit that does nothing. The units differ
// in what they are:
//
//	process        the worker program that runs one empty task and answers, as the
//	               model process does it
//	empty          a program of Go that ends at once: fork, exec and Go's start
//	fork           a copy of this process that ends at once: no program is started
//	thread         a goroutine on a kernel thread of its own, which ends with it
//	goroutine      a goroutine
//	coroutine      a coroutine of iter.Pull
//	cpython-fork   multiprocessing.Process by fork
//	cpython-spawn  multiprocessing.Process by spawn
//	cpython-thread threading.Thread
//
// A unit is joined when its last statement has run, which for a process is when
// it was waited for. The kernel takes a thread down just after that, beside the
// start of the next one. A copy of this process costs more the more memory this
// process has: its page tables are copied.
var create = card.Card{
	Name: "create", Doc: "creates a unit that does nothing and joins it, one after another",
	Needs: []card.Need{card.Linux},
	Keys: []card.Choice{{Key: "unit", Values: []string{
		"process", "empty", "fork", "thread", "goroutine", "coroutine", "cpython-fork", "cpython-spawn", "cpython-thread",
	}}},
	Cases:    createCases,
	Claims:   createClaims,
	Prepare:  prepareCreate,
	Label:    "creating and joining",
	Units:    []string{"answer-ns/op"},
	Sections: createSections,
}

func createSections() []section.Section {
	return []section.Section{{
		Topic: "Creating a unit", Claims: []string{"U1"}, Answer: true,
		Why: "A goroutine is some memory that the program sets aside; a thread is made by the kernel; a process gets an address space of its own besides.",
		Form: section.Dots{
			Name: "create",
			Finding: []section.Clause{
				section.List(
					section.Folded("ns/op", "creating a process takes %s as long as a thread", section.Pick{"unit", "process"}, section.Pick{"unit", "thread"}),
					section.Folded("ns/op", "a thread %s as long as a goroutine", section.Pick{"unit", "thread"}, section.Pick{"unit", "goroutine"})),
			},
			Rows:     []string{"unit"},
			Panels:   []section.Panel{{Title: "time to create and join one", Log: true, Format: number.Span, Tick: number.TickSpan, Value: section.Center("ns/op")}},
			Subtitle: "process: the worker program, which serves tasks to a process pool, with an empty one answered. empty: a Go program that does nothing. fork: a copy of a process, without a program.",
			Explain:  "unit",
			Note:     section.Medians + " " + section.Paired,
			Below:    starting,
		},
	}}
}

func created(unit string) variant.Variant { return card.Of("create", "unit", unit) }

// createCases have as many units in a trial as take some hundredths of a second. What
// a round's ratio strays by is the same with four times as many: 15 to 30 %, beside
// ratios of 7 to 100.
func createCases(s card.Scale) []card.Case {
	thread := card.Run(300, created("thread"))
	cases := []card.Case{
		card.Run(15, created("process")),
		card.Run(15, created("empty")),
		card.Run(80, created("fork")),
		thread, card.Second(thread),
		card.Run(25_000, created("goroutine")),
		card.Run(25_000, created("coroutine")),
	}
	if s.CPython() {
		cases = append(cases,
			card.Run(25, created("cpython-fork")),
			card.Run(2, created("cpython-spawn")),
			card.Run(500, created("cpython-thread")))
	}
	return cases
}

func createClaims(card.Scale) []card.Claim {
	longer := func(of string, word card.Word, over string) card.Comparison {
		return card.Is(card.Time, created(of), word, created(over))
	}
	return []card.Claim{{
		ID: "U1", First: true, Text: "Creating a process costs much more than a thread, and a thread more than a goroutine or coroutine",
		Caveat: "process is the program that process pools run, with one empty task answered; empty is a Go program that does nothing; fork is the system call without a program. A thread counts as joined when its last statement has run, a process when the system has taken it down. A thread is one of Go, with what its runtime adds.",
		Comparisons: []card.Comparison{
			longer("process", card.Much, "thread"),
			longer("empty", card.Much, "thread"),
			longer("fork", card.Much, "thread"),
			longer("thread", card.More, "goroutine"),
			longer("thread", card.More, "coroutine"),
		},
	}}
}

func prepareCreate(t card.Trial) (card.Session, error) {
	kind := t.Get("unit")
	if unit, ok := strings.CutPrefix(kind, "cpython-"); ok {
		return prepareCPython(t, "create", "unit="+unit)
	}
	var answered int64 // time from the start of processes to their answers
	unit, err := creator(kind, t.Env, &answered)
	if err == nil {
		err = unit(0) // so that what the first one finds cold is not measured
	}
	if err != nil {
		return card.Session{}, fmt.Errorf("creating a %s: %w", kind, err)
	}
	return card.Session{Run: func() (protocol.Measurement, error) {
		answered = 0
		for i := range t.Ops {
			if err := unit(i); err != nil {
				return nil, fmt.Errorf("creating %s %d of %d: %w", kind, i+1, t.Ops, err)
			}
		}
		m := protocol.Measurement{}
		if answered > 0 {
			m["answer-ns/op"] = float64(answered) / float64(t.Ops)
		}
		return m, nil
	}}, nil
}

// creator returns what creates the i-th unit of that kind, joins it and checks
// that it ran. It adds to answered how long a unit took that answers.
func creator(kind string, env card.Env, answered *int64) (func(i int) error, error) {
	switch kind {
	case "process":
		return func(i int) error {
			took, err := runWorker(env.Worker, i)
			*answered += took
			return err
		}, nil
	case "empty":
		return func(int) error { return runEmpty(env.Empty) }, nil
	case "fork":
		return func(int) error { return makeCopy() }, nil
	case "thread":
		return threads(), nil
	case "goroutine":
		return goroutines(), nil
	}
	return coroutines(), nil
}

// emptyWorker is the command line of a worker program for empty tasks.
func emptyWorker(program []string, mode string, more ...string) *exec.Cmd {
	argv := append(append([]string(nil), program...), mode)
	argv = append(argv, workload.Params{Name: "empty"}.Args()...)
	return proc.Command(append(argv, more...), []string{"GOMAXPROCS=1", "GOGC=100"})
}

// runWorker returns after so many nanoseconds the answer was there. Then the
// process ends and is waited for.
func runWorker(program []string, task int) (answered int64, err error) {
	start := clock.Now()
	said, answered, err := runToEnd(emptyWorker(program, worker.One, strconv.Itoa(task)))
	if err != nil {
		return 0, err
	}
	result, err := worker.ParseResult(said)
	if err != nil {
		return 0, err
	}
	return answered - start, checkAnswer(task, result)
}

func checkAnswer(task int, result worker.Result) error {
	if want := workload.Seed(task); result.Answer != want {
		return fmt.Errorf("the empty task %d has the answer %d, want %d", task, result.Answer, want)
	}
	return nil
}

func runEmpty(program []string) error {
	said, _, err := runToEnd(proc.Command(program, []string{"GOMAXPROCS=1", "GOGC=100"}))
	if err == nil && len(said) > 0 {
		return fmt.Errorf("%s is to say nothing and said %.100q", program[0], said)
	}
	return err
}

// runToEnd runs a process to its end and returns what it wrote to its standard
// output, all of which must come at once, and when that came (clock.Now).
func runToEnd(cmd *exec.Cmd) (said []byte, at int64, err error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	if err := proc.Start(cmd); err != nil {
		return nil, 0, err
	}
	done := killAfter(cmd, patience)
	said = make([]byte, 256)
	n, err := out.Read(said)
	at = clock.Now()
	if err != nil && err != io.EOF {
		return nil, 0, errors.Join(err, done(cmd.Wait()))
	}
	if err := done(cmd.Wait()); err != nil {
		return nil, 0, withReason(cmd, err, stderr.String())
	}
	return said[:n], at, nil
}

// withReason adds what a process that failed said at last, in one line.
func withReason(cmd *exec.Cmd, err error, stderr string) error {
	if line, _, _ := strings.Cut(strings.TrimSpace(stderr), "\n"); line != "" {
		return fmt.Errorf("%s: %w: %s", cmd.Path, err, line)
	}
	return fmt.Errorf("%s: %w", cmd.Path, err)
}

// copyStatus is the exit status of a copy: one that nothing else ends with.
const copyStatus = 42

// makeCopy makes a copy of this process, which ends at once.
func makeCopy() error {
	var number int64
	status, err := fork.Write(&number, copyStatus)
	if err == nil && status != copyStatus {
		err = fmt.Errorf("a copy of this process ended with exit status %d, want %d", status, copyStatus)
	}
	return err
}

// threads ends a thread for every unit: the runtime does that to a thread whose
// goroutine returns while it is locked to it (runtime/proc.go, mexit).
func threads() func(int) error {
	done := make(chan int)
	last := 0
	return func(int) error {
		go func() {
			runtime.LockOSThread()
			done <- threadID()
		}()
		id := <-done
		if id == last && id != 0 {
			return fmt.Errorf("it ran on thread %d, as the one before", id)
		}
		last = id
		return nil
	}
}

var errNotRun = errors.New("it did not run")

func goroutines() func(int) error {
	done := make(chan int)
	return func(i int) error {
		go func() { done <- i }()
		if <-done != i {
			return errNotRun
		}
		return nil
	}
}

func coroutines() func(int) error {
	return func(i int) error {
		ran := -1
		next, stop := iter.Pull(func(func(int) bool) { ran = i })
		_, more := next()
		stop()
		if ran != i || more {
			return errNotRun
		}
		return nil
	}
}

// starting compares the worker program with one that does nothing.
func starting(s section.Samples) string {
	process, empty := s.The("unit", "process"), s.The("unit", "empty")
	return section.Joined(" ",
		section.Ratio(s.Ratio(process, "answer-ns/op", empty, "ns/op"), "The worker program has started and answered after %s the time that an empty Go program takes to start and end."),
		section.Ratio(s.Over(process, empty, "ns/op"), "It has ended after %s the time of the empty one."))
}
