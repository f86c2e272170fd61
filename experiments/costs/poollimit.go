package costs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/experiments/procpool"
	"parcon/experiments/section"
	"parcon/experiments/tasks/model"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// poolLimit gives a pool eight times as many tasks at once as it has workers, and
// lets the tasks count how many of them are inside at the same time. It is seen
// in a try that never more were inside than there are workers, and that every
// task ran once; most-inside is the most that was inside in any try.
//
// The tasks of a process pool count in memory that all its processes share. A
// task waits for 200 us, which a sleep that wakes the system's timer may stretch
// to a millisecond. As waiting is all that they do, several pools are tried at a time.
var poolLimit = card.Card{
	Name: "flight", Doc: "how many tasks are inside a pool at once",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys: []card.Choice{
		{Key: "pool", Values: []string{"process-pool", "pool", "errgroup", "ants", "pond"}},
		{Key: "workers", Format: "x %s"},
	},
	Cases:    poolLimitCases,
	Claims:   poolLimitClaims,
	Prepare:  preparePoolLimit,
	Parts:    map[string]func([]string) error{"count": countPart},
	Label:    "most at once in a pool",
	Counts:   []string{"most-inside", "full"},
	Sections: poolLimitSections,
}

func poolLimitSections() []section.Section {
	return []section.Section{{
		Topic: "How many a pool lets in", Claims: []string{"U5"},
		Form: section.Table{
			Finding: []section.Clause{section.Counted("seen", "in %s tries a pool had at most as many tasks inside as it has workers")},
			Rows:    section.Alike("pool", "seen"),
			Columns: []section.Column{
				section.Under("pool", section.Value("pool")),
				section.Under("workers", section.Value("workers")),
				section.Under("never more inside than workers", section.Count("seen")),
				section.Under("most inside at once", section.Most("most-inside")),
			},
			Note: "Each try hands in eight tasks at once for each worker, which runs one at a time. pool: goroutines that take tasks from a channel; process-pool: processes that take them over pipes; the others are packages of their names.",
		},
	}}
}

func inFlight(pool string, workers int) variant.Variant {
	return card.Of("flight", "pool", pool, "workers", card.Itoa(workers))
}

// full counts the tries in which a pool had all its workers at work at once.
var full = card.Measure{Name: "all workers at once", Unit: "full", How: card.Some}

// pools are what limits how much runs at once.
var pools = []string{"process-pool", "pool", "errgroup", "ants", "pond"}

func poolLimitCases(s card.Scale) []card.Case {
	var cases []card.Case
	for _, pool := range pools {
		for _, w := range []int{s.Cores, 4 * s.Cores} {
			cases = append(cases, card.Run(card.Tries, inFlight(pool, w)))
		}
	}
	return cases
}

func poolLimitClaims(s card.Scale) []card.Claim {
	limited := card.Claim{ID: "U5", Text: "A pool never runs more than its size at once: the next task waits for a free worker"}
	for _, pool := range pools {
		for _, w := range []int{s.Cores, 4 * s.Cores} {
			limited.Comparisons = append(limited.Comparisons, card.Always(card.Seen, inFlight(pool, w)), card.Sometimes(full, inFlight(pool, w)))
		}
	}
	return []card.Claim{limited}
}

const (
	tasksPerWorker = 8
	stay           = 200 * time.Microsecond // inside, at least
)

// A tally is counted in by tasks: how many are inside, the most there were, and
// then how often each task ran. All zero is a new one.
type tally []atomic.Uint32

const (
	tallyInside = iota
	tallyMost
	tallyTasks // the first task's
)

func (t tally) run(task int) error {
	if task < 0 || tallyTasks+task >= len(t) {
		return fmt.Errorf("task %d: there are %d", task, len(t)-tallyTasks)
	}
	now := t[tallyInside].Add(1)
	for most := t[tallyMost].Load(); now > most && !t[tallyMost].CompareAndSwap(most, now); {
		most = t[tallyMost].Load()
	}
	time.Sleep(stay)
	t[tallyTasks+task].Add(1)
	t[tallyInside].Add(^uint32(0))
	return nil
}

func (t tally) reset() {
	for i := range t {
		t[i].Store(0)
	}
}

// kept says whether at most so many were inside and every task ran once.
func (t tally) kept(workers int) bool {
	once := func(n *atomic.Uint32) bool { return n.Load() == 1 }
	for i := range t[tallyTasks:] {
		if !once(&t[tallyTasks+i]) {
			return false
		}
	}
	most := int(t[tallyMost].Load())
	return t[tallyInside].Load() == 0 && most >= 1 && most <= workers
}

// tallyIn lays a tally over shared memory. It begins at a cache line.
func tallyIn(memory []byte) tally {
	return unsafe.Slice((*atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(memory))), len(memory)/4)
}

// A swarm is a pool whose tasks count in a tally.
type swarm struct {
	tally tally
	run   func(ctx context.Context, tasks int) error
	close func() error
}

func preparePoolLimit(t card.Trial) (card.Session, error) {
	workers := t.Int("workers", 1)
	if err := checkPool(workers); err != nil {
		return card.Session{}, err
	}
	tasks := tasksPerWorker * workers
	start, lanes := startCrew, mostPools
	if t.Get("pool") == "process-pool" {
		start, lanes = startProcesses, min(mostPools, max(1, mostProcesses/workers))
	}
	var all swarms
	for range min(lanes, t.Ops) {
		s, err := start(t, workers, tasks)
		if err != nil {
			return card.Session{}, errors.Join(err, all.close())
		}
		all = append(all, s)
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return all.measure(t.Ops, workers, tasks) },
		Close: all.close,
	}, nil
}

// How many pools are tried at a time, and how many processes they may have.
const (
	mostPools     = 12
	mostProcesses = 32
)

// swarms are pools that know nothing of each other.
type swarms []swarm

func (all swarms) close() error {
	var errs []error
	for _, s := range all {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

func (pools swarms) measure(tries, workers, tasks int) (protocol.Measurement, error) {
	type seen struct {
		most uint32 // inside at once
		kept bool
	}
	all, err := card.On(pools, tries, func(s swarm) (seen, error) {
		ctx, cancel := context.WithTimeout(context.Background(), patienceFor(tasks))
		defer cancel()
		s.tally.reset()
		if err := s.run(ctx, tasks); err != nil {
			return seen{}, fmt.Errorf("%d tasks in a pool of %d: %w", tasks, workers, err)
		}
		return seen{s.tally[tallyMost].Load(), s.tally.kept(workers)}, nil
	})
	if err != nil {
		return nil, err
	}
	most, full := uint32(0), 0 // tries in which all workers were at work at once
	for _, one := range all {
		most = max(most, one.most)
		if int(one.most) == workers {
			full++
		}
	}
	m, err := card.Try(tries, func(try int) (bool, error) { return all[try].kept, nil })
	m["most-inside"], m["full"] = float64(most), float64(full)
	return m, err
}

// startCrew starts one of the models that keep to this process. What hangs in
// there cannot be ended from outside: the trial must end then.
func startCrew(t card.Trial, workers, tasks int) (swarm, error) {
	m, err := model.Find(t.Get("pool"))
	if err != nil {
		return swarm{}, err
	}
	s := swarm{tally: make(tally, tallyTasks+tasks)}
	crew, err := m.Start(workers, model.Job{Run: s.tally.run})
	if err != nil {
		return swarm{}, err
	}
	stuck := false
	s.run = func(ctx context.Context, tasks int) error {
		done := make(chan error, 1)
		go func() { done <- crew.Run(tasks) }()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			stuck = true
			return ctx.Err()
		}
	}
	s.close = func() error {
		if stuck {
			return nil // it would hang too
		}
		return crew.Close()
	}
	return s, nil
}

// startProcesses starts a process pool. The workers open the shared memory
// through this process's descriptor of it.
func startProcesses(t card.Trial, workers, tasks int) (swarm, error) {
	memory, err := ipc.NewMemory(4 * (tallyTasks + tasks))
	if err != nil {
		return swarm{}, err
	}
	path := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), memory.File().Fd())
	cmd := peer.Part(t, 1, "count", path)
	pool, err := procpool.Start(cmd.Args, procpool.Options{Workers: workers, Env: cmd.Env})
	if err != nil {
		return swarm{}, errors.Join(err, memory.Close())
	}
	return swarm{
		tally: tallyIn(memory.Bytes()),
		run:   func(ctx context.Context, tasks int) error { return mapAll(ctx, pool, tasks, 1) },
		close: func() error { return errors.Join(endPool(pool), memory.Close()) },
	}, nil
}

// countPart is a worker of such a pool: its argument is the file of the memory.
func countPart(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("counting with %d arguments: it needs the file of the shared memory", len(args))
	}
	file, err := os.OpenFile(args[0], os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("opening the shared memory: %w", err)
	}
	memory, err := ipc.OpenMemory(file)
	if err != nil {
		return err
	}
	defer memory.Close()
	count := tallyIn(memory.Bytes())
	return procpool.Serve(os.Stdin, os.Stdout, func(request, reply []byte) ([]byte, error) {
		task, err := parseNumber(request)
		if err != nil {
			return nil, err
		}
		return append(reply, request...), count.run(task)
	})
}
