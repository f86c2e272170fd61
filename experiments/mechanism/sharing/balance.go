package sharing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sync/errgroup"

	"parcon/experiments/ipc"
	"parcon/experiments/mechanism"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// balance has workers add 1 to one number, the balance of an account. Reading
// and writing are two instructions, with about 10 ns of computing between them,
// so a worker that writes what it computed from an old balance undoes what
// others did meanwhile. A worker that loses its core in between undoes all that
// the others did while it was away.
//
// The models are those of the grid (package model), laid over updates instead
// of tasks; coroutine resumes functions in turn on one goroutine (package iter),
// so a turn changes only where a coroutine says so: between two updates.
var balance = mechanism.Mechanism{
	Name: "balance", Doc: "how many updates of one number are lost?",
	Linux: true,
	Keys: []mechanism.Choice{
		{Key: "model", Values: []string{"serial", "goroutine", "pool", "thread", "gil", "loop", "coroutine", "process", "cpython-thread"}},
		{Key: "lock", Values: []string{"none", "mutex"}},
		{Key: "workers"},
	},
	Procs: func(v variant.Variant, cores int) int {
		switch v.Get("model") {
		case "gil", "loop":
			return 1
		case "thread":
			workers, err := v.Int("workers", 1)
			if err == nil {
				return workers + 1
			}
		}
		return cores
	},
	Prepare: prepareBalance,
	Parts: map[string]func([]string) error{"update": func(args []string) error {
		if len(args) != 2 {
			return fmt.Errorf("updating a shared number: %d arguments, want 2", len(args))
		}
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return fmt.Errorf("updating a shared number: %w", err)
		}
		memory, err := ipc.OpenMemory(ipc.Inherited(0))
		if err != nil {
			return err
		}
		lock, err := ipc.OpenLock(ipc.Inherited(1))
		if err != nil {
			return err
		}
		a := account{number: number(memory), by: noLock}
		if args[1] == "mutex" {
			a.by = processLock(lock)
		}
		return attend(func() ([]int, error) { return nil, a.add(n) })
	}},
}

// batch is how many updates a worker does before it looks for more: a goroutine,
// an item of a pool's channel, a turn of a coroutine.
const batch = 1000

// An account is one number and what keeps its updates apart.
type account struct {
	number *int64
	by     func(a account, n int) error // does n updates
}

func (a account) add(n int) error { return a.by(a, n) }

// processLock updates under a lock that processes share.
func processLock(lock *ipc.Lock) func(account, int) error {
	return func(a account, n int) error {
		for range n {
			if err := lock.Lock(context.Background()); err != nil {
				return err
			}
			update(a.number)
			if err := lock.Unlock(); err != nil {
				return err
			}
		}
		return nil
	}
}

// mutexLock updates under a lock of one process.
func mutexLock() func(account, int) error {
	var lock sync.Mutex
	return func(a account, n int) error {
		for range n {
			lock.Lock()
			update(a.number)
			lock.Unlock()
		}
		return nil
	}
}

// update adds 1.
func update(number *int64) { store(number, plusOne(load(number))) }

// load and store are calls, so that the compiler neither keeps the number in a
// register nor makes one instruction of the two.
//
//go:noinline
func load(p *int64) int64 { return *p }

//go:noinline
func store(p *int64, value int64) { *p = value }

// plusOne computes for about 10 ns and gives n + 1. It takes a few steps of a
// generator of random numbers (Knuth's MMIX) and the same steps back, which the
// compiler does not see through.
//
//go:noinline
func plusOne(n int64) int64 {
	const (
		factor  = 6364136223846793005
		inverse = 13877824140714322085 // factor * inverse = 1 modulo 1<<64
		summand = 1442695040888963407
	)
	x := uint64(n)
	for range 4 {
		x = x*factor + summand
	}
	for range 4 {
		x = (x - summand) * inverse
	}
	return int64(x) + 1
}

func prepareBalance(t mechanism.Trial) (mechanism.Session, error) {
	locked := t.Get("lock") == "mutex"
	if t.Get("model") == "cpython-thread" {
		lock := 0
		if locked {
			lock = 1
		}
		return python(t, "balance", fmt.Sprint("n=", t.Ops), "workers="+t.Get("workers"), fmt.Sprint("lock=", lock))
	}
	if !locked && detecting {
		return mechanism.Session{}, errDetecting
	}
	if t.Get("model") == "process" {
		return prepareProcesses(t)
	}
	a := account{number: new(int64), by: noLock}
	if locked {
		a.by = mutexLock()
	}
	run := balanceModels[t.Get("model")]
	return mechanism.Session{Run: func() (protocol.Measurement, error) {
		if err := run(t.Int("workers", 1), t.Ops, a); err != nil {
			return nil, err
		}
		return balanceLost(t, protocol.Measurement{}, load(a.number))
	}}, nil
}

// errDetecting is why the race detector's builds do not run what is a race on
// purpose: they would report it, and rightly so. With a lock they run, and look
// whether it keeps the updates apart.
var errDetecting = errors.New("updates without a lock are data races on purpose: build without -race")

// balanceLost adds how many updates were lost.
func balanceLost(t mechanism.Trial, m protocol.Measurement, final int64) (protocol.Measurement, error) {
	lost := int64(t.Ops) - final
	if lost < 0 || final < 1 {
		return nil, fmt.Errorf("%d updates by 1 gave %d", t.Ops, final)
	}
	m[mechanism.Tries], m["lost"] = float64(t.Ops), float64(lost)
	return m, nil
}

// number is the first word of shared memory, which begins at a cache line.
func number(m *ipc.Memory) *int64 { return (*int64)(unsafe.Pointer(&m.Bytes()[0])) }

func prepareProcesses(t mechanism.Trial) (mechanism.Session, error) {
	memory, err := ipc.NewMemory(8)
	if err != nil {
		return mechanism.Session{}, err
	}
	lock, err := ipc.NewLock()
	if err != nil {
		return mechanism.Session{}, errors.Join(err, memory.Close())
	}
	workers := t.Int("workers", 1)
	c, err := assemble(t, workers, "update", same(memory.File(), lock.File()), func(index int) []string {
		return []string{strconv.Itoa(share(t.Ops, workers, index)), t.Get("lock")}
	})
	if err != nil {
		return mechanism.Session{}, errors.Join(err, memory.Close(), lock.Free())
	}
	return mechanism.Session{
		Run: func() (protocol.Measurement, error) {
			m, _, err := c.job(t.Ops, nil)
			if err != nil {
				return nil, err
			}
			return balanceLost(t, m, load(number(memory)))
		},
		Close: func() error {
			c.dismiss()
			return errors.Join(memory.Close(), lock.Free())
		},
	}, nil
}

// balanceModels lay ops updates over workers.
var balanceModels = map[string]func(workers, ops int, a account) error{
	"serial": func(_, ops int, a account) error { return a.add(ops) },
	// At most as many goroutines at once as workers, as in the grid.
	"goroutine": func(workers, ops int, a account) error {
		var running errgroup.Group
		running.SetLimit(workers)
		for n := range batches(ops) {
			running.Go(func() error { return a.add(n) })
		}
		return running.Wait()
	},
	"pool": func(workers, ops int, a account) error {
		todo := make(chan int)
		var running errgroup.Group
		for range workers {
			running.Go(func() error {
				var failed error
				for n := range todo {
					failed = errors.Join(failed, a.add(n))
				}
				return failed
			})
		}
		for n := range batches(ops) {
			todo <- n
		}
		close(todo)
		return running.Wait()
	},
	"thread": balanceThreads,
	"gil":    balanceThreads,
	"loop": func(workers, ops int, a account) error {
		var running errgroup.Group
		for w := range workers {
			running.Go(func() error { return a.add(share(ops, workers, w)) })
		}
		return running.Wait()
	},
	"coroutine": balanceCoroutines,
}

func balanceThreads(workers, ops int, a account) error {
	var running errgroup.Group
	for w := range workers {
		running.Go(func() error {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			return a.add(share(ops, workers, w))
		})
	}
	return running.Wait()
}

// balanceCoroutines resumes the workers in turn until none has updates left.
func balanceCoroutines(workers, ops int, a account) error {
	var turns []func() (error, bool)
	for w := range workers {
		next, stop := iter.Pull(func(yield func(error) bool) {
			for n := range batches(share(ops, workers, w)) {
				if !yield(a.add(n)) {
					return
				}
			}
		})
		defer stop()
		turns = append(turns, next)
	}
	for len(turns) > 0 {
		next := turns[0]
		turns = turns[1:]
		err, more := next()
		if err != nil {
			return err
		}
		if more {
			turns = append(turns, next)
		}
	}
	return nil
}

// batches cuts n into pieces.
func batches(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for ; n > 0; n -= batch {
			if !yield(min(n, batch)) {
				return
			}
		}
	}
}
