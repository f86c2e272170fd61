// Package remote is a pool of worker processes on a message queue, as a trial has it: the
// server, the master and each worker are processes of their own, which only the queue
// connects, as if they were on different machines. What these processes do is package
// role, which holds the server and its client; a trial holds neither.
package remote

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"parcon/experiments/peer"
	"parcon/runner/proc"
	"parcon/runner/usage"
)

// Child is the role of a child of parcon that plays one of the roles here, where there is no
// small program for it.
const Child = "queue"

// The roles: the first argument of the program.
const (
	Server   = "server"
	Master   = "master"
	Worker   = "worker"
	Stranger = "stranger"
)

// What they are told after their first line.
const (
	AskUsage   = "usage"   // the usage of the process in hexadecimal digits
	AskRun     = "run"     // and a number: so many tasks are run; "done" and what was lost, doubled, handed out again
	AskAnswers = "answers" // a line for each task of the last run: its number, and its answer in hexadecimal digits
	AskKnock   = "knock"   // and a number of tries: how many connections were refused
)

// The stores of a server.
const (
	Memory = "memory" // gone with the server
	Disk   = "disk"   // written to files, which the system writes to the disk when it likes
	Synced = "synced" // on the disk before it is confirmed
)

// Stores lists them.
var Stores = []string{Memory, Disk, Synced}

// MaxPrefetch is the most tasks that a worker may take ahead.
const MaxPrefetch = 10_000

// An Order is the first line that each of them reads, as JSON: what it needs to know. Keys
// are no arguments, which all users of a machine can see.
type Order struct {
	Key      string
	Dir      string        `json:",omitempty"` // for the server's files
	Keep     bool          `json:",omitempty"` // they are there again for the next one
	Port     int           `json:",omitempty"` // of the server; 0: a free one
	Store    string        `json:",omitempty"`
	URL      string        `json:",omitempty"` // of the server, for the others
	Prefetch int           `json:",omitempty"`
	Patience time.Duration `json:",omitempty"` // see taskqueue.Job
	Params   []string      `json:",omitempty"` // of the workload
}

// patience is how long a process may take to answer. It ends a trial that would hang.
const patience = 30 * time.Second

// Options are what a pool is started with.
type Options struct {
	Program []string // before a role
	Workers int
	Env     []string // of the workers
	Order   Order    // Key and URL are filled in
}

// A Pool is a server, a master and workers.
type Pool struct {
	options Options
	server  *peer.Process
	master  *peer.Process
	workers []*peer.Process
}

// Key is that of all pools: who can read it from this program may as well stop its trials.
const Key = "parcon-trial-on-loopback"

// Start starts all, and returns when every worker takes part.
func Start(o Options) (*Pool, error) {
	o.Order.Key = Key
	p := &Pool{options: o}
	err := p.start()
	if err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

func (p *Pool) start() (err error) {
	if p.server, p.options.Order.URL, err = p.role(Server, nil); err != nil {
		return err
	}
	if p.master, _, err = p.role(Master, nil); err != nil {
		return err
	}
	for range p.options.Workers {
		if err := p.Hire(); err != nil {
			return err
		}
	}
	for _, w := range p.workers {
		if _, err := hear(w, Worker); err != nil {
			return err
		}
	}
	return nil
}

// role starts a process and returns the line that it says when it is ready; not that of a
// worker, which is ready when the master is.
func (p *Pool) role(name string, env []string) (*peer.Process, string, error) {
	one, err := Play(p.options.Program, name, p.options.Order, env)
	if err != nil || name == Worker {
		return one, "", err
	}
	line, err := hear(one, name)
	return one, line, err
}

// Play starts a process in a role, and tells it its order. It must be ended.
func Play(program []string, role string, o Order, env []string) (*peer.Process, error) {
	line, err := encode(o)
	if err != nil {
		return nil, err
	}
	one, err := peer.Start(command(program, role, env), patience)
	if err != nil {
		return nil, fmt.Errorf("starting the %s of a queue: %w", role, err)
	}
	_ = one.Tell(line) // one that is gone says why when it is heard
	return one, nil
}

func command(program []string, role string, env []string) *exec.Cmd {
	argv := append(append([]string{}, program...), role)
	return proc.Command(argv, append([]string{"GOGC=100"}, env...))
}

func hear(p *peer.Process, role string) (string, error) {
	line, err := p.Hear()
	if err != nil {
		return "", fmt.Errorf("starting the %s of a queue: %w", role, err)
	}
	return line, nil
}

// Hire starts a further worker. It takes part soon.
func (p *Pool) Hire() error {
	w, _, err := p.role(Worker, p.options.Env)
	if err == nil {
		p.workers = append(p.workers, w)
	}
	return err
}

// Replace kills the worker that was hired first, and hires another one.
func (p *Pool) Replace() error {
	p.workers[0].Kill()
	p.workers = p.workers[1:]
	return p.Hire()
}

// Stranger starts a process that has another key. It must be ended.
func (p *Pool) Stranger(key string) (*peer.Process, error) {
	o := p.options.Order
	o.Key = key
	one, err := Play(p.options.Program, Stranger, o, nil)
	if err == nil {
		_, err = hear(one, Stranger)
	}
	return one, err
}

// Restart kills the server, and starts another one at its place on the same files.
func (p *Pool) Restart() (err error) {
	p.server.Kill()
	_, port, _ := strings.Cut(strings.TrimPrefix(p.options.Order.URL, "nats://"), ":")
	if p.options.Order.Port, err = strconv.Atoi(port); err != nil {
		return fmt.Errorf("starting a server again at %s: %w", p.options.Order.URL, err)
	}
	p.server, _, err = p.role(Server, nil)
	return err
}

// A Tally is what the master counted in a run.
type Tally struct {
	Lost    int // tasks that the server had confirmed and lost
	Doubled int // answers that were there already
	Again   int // tasks that were handed out more than once
}

// Run runs n tasks. That some were lost is an error.
func (p *Pool) Run(n int) error {
	p.Begin(n)
	t, err := p.Done()
	if err == nil && t.Lost > 0 {
		err = fmt.Errorf("running tasks on a queue: the server lost %d of %d", t.Lost, n)
	}
	return err
}

// Begin lets the master run n tasks; Done waits for it.
func (p *Pool) Begin(n int) { _ = p.master.Tell(AskRun + " " + strconv.Itoa(n)) }

// Done waits until the tasks that Begin began are answered, or lost.
func (p *Pool) Done() (t Tally, err error) {
	line, err := p.master.Hear()
	if err != nil {
		return t, fmt.Errorf("running tasks on a queue: %w", err)
	}
	if _, err := fmt.Sscanf(line, "done %d %d %d", &t.Lost, &t.Doubled, &t.Again); err != nil {
		return t, fmt.Errorf("running tasks on a queue: %s", line)
	}
	return t, nil
}

// Answers calls each for each of the n answers of the last run, in the order of tasks.
func (p *Pool) Answers(n int, each func(task int, body []byte) error) error {
	_ = p.master.Tell(AskAnswers)
	for range n {
		line, err := p.master.Hear()
		if err != nil {
			return fmt.Errorf("taking the answers of tasks on a queue: %w", err)
		}
		number, digits, _ := strings.Cut(line, " ")
		task, bad := strconv.Atoi(number)
		body, worse := hex.DecodeString(digits)
		if err := errors.Join(bad, worse); err != nil {
			return fmt.Errorf("taking the answers of tasks on a queue: %.80q: %w", line, err)
		}
		if err := each(task, body); err != nil {
			return err
		}
	}
	return nil
}

// Usages are what the processes consumed.
type Usages struct{ Server, Master, Workers usage.Usage }

// All adds them up.
func (u Usages) All() usage.Usage { return u.Server.Plus(u.Master).Plus(u.Workers) }

// The units of the CPU time of each for a task.
const (
	UnitServer  = "queue-cpu-ns/op"
	UnitMaster  = "master-cpu-ns/op"
	UnitWorkers = "worker-cpu-ns/op"
)

// Each is the CPU time of each for a task of n, by unit.
func (u Usages) Each(n int) map[string]float64 {
	each := func(one usage.Usage) float64 { return float64(one.CPU()) / float64(max(1, n)) }
	return map[string]float64{UnitServer: each(u.Server), UnitMaster: each(u.Master), UnitWorkers: each(u.Workers)}
}

// Since is what was consumed after an earlier reading.
func (u Usages) Since(before Usages) Usages {
	return Usages{u.Server.Since(before.Server), u.Master.Since(before.Master), u.Workers.Since(before.Workers)}
}

// Usage asks all what they have consumed.
func (p *Pool) Usage() (u Usages, err error) {
	if u.Server, err = ask(p.server); err != nil {
		return u, err
	}
	if u.Master, err = ask(p.master); err != nil {
		return u, err
	}
	for _, w := range p.workers {
		one, err := ask(w)
		if err != nil {
			return u, err
		}
		u.Workers = u.Workers.Plus(one)
	}
	return u, nil
}

func ask(p *peer.Process) (usage.Usage, error) {
	line, err := p.Ask(AskUsage)
	if err != nil {
		return usage.Usage{}, fmt.Errorf("asking a process of a queue what it consumed: %w", err)
	}
	body, err := hex.DecodeString(line)
	if err != nil {
		return usage.Usage{}, fmt.Errorf("asking a process of a queue what it consumed: %.80q: %w", line, err)
	}
	return usage.Decode(body)
}

// Close ends the workers, the master and the server, in this order.
func (p *Pool) Close() error {
	var errs []error
	for _, one := range append(p.workers, p.master, p.server) {
		if err := one.End(patience); err != nil {
			errs = append(errs, fmt.Errorf("ending a process of a queue: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Kill ends all at once.
func (p *Pool) Kill() {
	for _, one := range append(p.workers, p.master, p.server) {
		if one != nil {
			one.Kill()
		}
	}
}
