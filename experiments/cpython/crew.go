package cpython

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parcon/runner/usage"
)

//go:embed crew.py
var crewScript string

// crewProgram hands the script its own text, for the interpreters that it starts. It is
// ASCII, of which Go's quotes are Python's too. To quote it takes a fifth of a
// millisecond, which all programs with this package would start later.
func crewProgram() string {
	return "SOURCE = " + strconv.QuoteToASCII(crewScript) + "\nexec(compile(SOURCE, 'parcon', 'exec'))\nmain()\n"
}

// CrewModels are the ways in which a Crew works.
var CrewModels = []string{"serial", "thread", "process", "pool", "asyncio", "subinterpreter"}

// CrewWorkloads are those of which it knows the tasks.
var CrewWorkloads = []string{"primes", "sleep", "file", "network", "http", "mix"}

// A Crew is a Python that works on tasks of the grid, in one of CrewModels. Close must end
// it. It is for one goroutine.
type Crew struct {
	session *Session
	traced  bool
}

// A Task is one that a Crew has done. Of one that is traced it is known where.
type Task struct {
	Number       int
	Answer       uint64
	Start, End   int64 // clock.Now
	Worker, Core int   // a thread's identifier or a process's number; the core at the end, or below 0
	CPU          time.Duration
}

// A Turn is a moment at which a worker was seen to begin to compute, or not to any more.
type Turn struct {
	Worker int
	At     int64 // clock.Now
	Begins bool
}

// StartCrew starts Python and returns when it is ready to work. words are the workers, and
// what makes a task: workload, size, share, delay, folder, address (as workload.Params).
// One that is traced tells more of its tasks, and is slower.
func (i Interpreter) StartCrew(ctx context.Context, model string, workers int, traced bool, words ...string) (*Crew, error) {
	what := fmt.Sprintf("working on tasks of %s by %s of %s", words[0], model, i)
	tells := "0"
	if traced {
		tells = "1"
	}
	args := append([]string{model, strconv.Itoa(workers), tells}, words...)
	s, err := start(ctx, what, i.command(crewProgram(), args...))
	if err != nil {
		return nil, err
	}
	return &Crew{s, traced}, nil
}

// Run works on the tasks 0 to n-1, all of them unless one fails.
func (c *Crew) Run(n int) error {
	answer, err := c.session.ask(fmt.Sprint("run ", n))
	if err == nil && answer != "done" {
		err = c.session.misspoke(fmt.Errorf("it said %.200q where %q was due", answer, "done"))
	}
	return err
}

// Results are the n tasks of the last Run.
func (c *Crew) Results(n int) ([]Task, error) {
	_ = c.session.python.Tell("results") // one that is gone says why below
	tasks := make([]Task, 0, n)
	for range n {
		line, err := c.session.readLine()
		if err != nil {
			return nil, err
		}
		var t Task
		told := []any{&t.Number, &t.Answer, &t.Start, &t.End}
		if c.traced {
			told = append(told, &t.Worker, &t.Core, &t.CPU)
		}
		if _, err := fmt.Sscanln(line, told...); err != nil {
			return nil, c.session.misspoke(fmt.Errorf("its result %.200q is not that of a task: %w", line, err))
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// Turns are those of the last Run of a crew that is traced, as they were noted. Who computes in a
// process of its own has none.
func (c *Crew) Turns() ([]Turn, error) {
	_ = c.session.python.Tell("turns") // one that is gone says why below
	var turns []Turn
	for {
		line, err := c.session.readLine()
		if err != nil {
			return nil, err
		}
		if line == "\n" {
			return turns, nil
		}
		var t Turn
		var begins int
		if _, err := fmt.Sscan(line, &t.Worker, &t.At, &begins); err != nil {
			return nil, c.session.misspoke(fmt.Errorf("%.200q is no turn of a thread: %w", line, err))
		}
		t.Begins = begins == 1
		turns = append(turns, t)
	}
}

// Usage is what Python and its processes have consumed.
func (c *Crew) Usage() (usage.Usage, error) {
	answer, err := c.session.ask("usage")
	if err != nil {
		return usage.Usage{}, err
	}
	var user, system int64
	u := usage.Usage{NoRunDelay: true} // it does not tell
	if _, err := fmt.Sscanf(answer, "%d %d %d %d %d", &user, &system, &u.Voluntary, &u.Involuntary, &u.PeakRSS); err != nil {
		return usage.Usage{}, c.session.misspoke(fmt.Errorf("%.200q is not what it consumed: %w", answer, err))
	}
	u.User, u.System = time.Duration(user), time.Duration(system)
	return u, nil
}

// Calibrate is the size at which a task computes for so long.
func (c *Crew) Calibrate(length time.Duration) (int, error) {
	answer, err := c.session.ask(fmt.Sprint("calibrate ", int64(length)))
	if err != nil {
		return 0, err
	}
	size, err := strconv.Atoi(answer)
	if err != nil || size < 1 {
		return 0, c.session.misspoke(fmt.Errorf("%.200q is no size of a task", answer))
	}
	return size, nil
}

// Close ends it.
func (c *Crew) Close() error {
	if c.session.ended {
		return nil
	}
	_ = c.session.python.In.Close()
	if err := c.session.end(); err != nil {
		return fmt.Errorf("%s: ending: %w", c.session.what, c.session.reason(err))
	}
	return nil
}

// ask says a line and returns the answer, without its end.
func (s *Session) ask(line string) (string, error) {
	if s.ended {
		return "", fmt.Errorf("%s: it has ended already: start another", s.what)
	}
	_ = s.python.Tell(line) // one that is gone says why below
	answer, err := s.readLine()
	return strings.TrimSuffix(answer, "\n"), err
}
