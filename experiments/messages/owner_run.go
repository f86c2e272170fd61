package messages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/lcg"
	"parcon/experiments/peer"
)

// operations computes those of one worker of several, and hands each answer on.
func operations(n, workers, worker int, hand func(uint64) error) error {
	for i := worker; i < n; i += workers {
		if err := hand(lcg.Steps(uint64(i), ownSteps)); err != nil {
			return err
		}
	}
	return nil
}

// openMutex is goroutines and sync.Mutex.
func openMutex(_ card.Trial, _, steps int) (workshop, error) {
	var lock sync.Mutex
	var s state
	return workshop{
		round: func(workers, n int) error {
			var all sync.WaitGroup
			for w := range workers {
				all.Go(func() {
					_ = operations(n, workers, w, func(computed uint64) error { // it hands on without an error
						lock.Lock()
						s.add(computed, steps)
						lock.Unlock()
						return nil
					})
				})
			}
			all.Wait()
			return nil
		},
		state: func() state { return s },
	}, nil
}

// openChannel is goroutines and an unbuffered channel to the owner.
func openChannel(_ card.Trial, _, steps int) (workshop, error) {
	var s state
	return workshop{
		round: func(workers, n int) error {
			to := make(chan uint64)
			var all, owning sync.WaitGroup
			owning.Go(func() {
				for computed := range to {
					s.add(computed, steps)
				}
			})
			for w := range workers {
				all.Go(func() {
					_ = operations(n, workers, w, func(computed uint64) error { // it hands on without an error
						to <- computed
						return nil
					})
				})
			}
			all.Wait()
			close(to)
			owning.Wait()
			return nil
		},
		state: func() state { return s },
	}, nil
}

// letWork tells some of a crew to do operations.
func letWork(crew peer.Crew, n int) {
	for i, p := range crew {
		_ = p.Tell(fmt.Sprint(n, " ", len(crew), " ", i)) // one that is gone says why when it is heard
	}
}

// openLocked is processes, ipc.Lock and shared memory.
func openLocked(t card.Trial, workers, steps int) (workshop, error) {
	var all things
	_, err := add(&all, 1, ipc.NewLock)
	var memory []table[state]
	if err == nil {
		memory, err = add(&all, 1, newTable[state](1))
	}
	var crew peer.Crew
	if err == nil {
		crew, err = hire(t, all.objects(), several(workers, "worker", "lock", strconv.Itoa(steps))...)
	}
	if err != nil {
		return workshop{}, errors.Join(err, all.free())
	}
	return workshop{
		round: func(workers, n int) error {
			letWork(crew[:workers], n)
			return crew[:workers].Expect(done)
		},
		state: func() state { return memory[0].rows[0] },
		close: func() error { return errors.Join(crew.End(patience), all.free()) },
	}, nil
}

// backlog is how many messages may wait for an owner that is a process.
const backlog = 64

// openQueued is processes and a queue to this one, which is the owner.
func openQueued(t card.Trial, workers, steps int) (workshop, error) {
	var all things
	queues, err := add(&all, 1, newQueue(backlog))
	var crew peer.Crew
	if err == nil {
		crew, err = hire(t, all.objects(), several(workers, "worker", "message", strconv.Itoa(steps))...)
	}
	if err != nil {
		return workshop{}, errors.Join(err, all.free())
	}
	var s state
	return workshop{
		round: func(workers, n int) error {
			letWork(crew[:workers], n)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var failed error
			var hearing sync.WaitGroup
			hearing.Go(func() {
				if failed = crew[:workers].Expect(done); failed != nil {
					cancel() // what is missing does not come
				}
			})
			err := s.own(ctx, queues[0], n, steps)
			hearing.Wait()
			return cmp.Or(failed, err)
		},
		state: func() state { return s },
		close: func() error { return errors.Join(crew.End(patience), all.free()) },
	}, nil
}

// own is what an owner does: it takes n messages and adds them to its state.
func (s *state) own(ctx context.Context, q *ipc.Queue, n, steps int) error {
	for i := range n {
		got, err := q.Get(ctx)
		if err != nil {
			return fmt.Errorf("taking message %d of %d: %w", i+1, n, err)
		}
		computed, err := numberIn(got)
		if err != nil {
			return err
		}
		s.add(computed, steps)
	}
	return nil
}

// workOnState is a worker that is a process: args are the way and the steps of the section.
func workOnState(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("working on a shared state: %d arguments, want the way and the steps of its section", len(args))
	}
	steps, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("working on a shared state: %w", err)
	}
	hand, err := handing(args[0], steps)
	if err != nil {
		return err
	}
	return peer.Attend(func(line string) (string, error) {
		var n, workers, worker int
		if _, err := fmt.Sscan(line, &n, &workers, &worker); err != nil || workers < 1 {
			return "", unknown(line)
		}
		return done, operations(n, workers, worker, hand)
	})
}

// handing is what a worker does with what it computed. The parent kills who waits too long.
func handing(way string, steps int) (func(uint64) error, error) {
	ctx := context.Background()
	if way == "message" {
		queues, err := openQueues(0, 1)
		if err != nil {
			return nil, err
		}
		return func(computed uint64) error { return queues[0].Put(ctx, message(computed)) }, nil
	}
	lock, err := ipc.OpenLock(ipc.Inherited(0))
	if err != nil {
		return nil, err
	}
	rows, err := openTable[state](1, 1)
	if err != nil {
		return nil, err
	}
	return func(computed uint64) error {
		if err := lock.Lock(ctx); err != nil {
			return err
		}
		rows[0].add(computed, steps)
		return lock.Unlock()
	}, nil
}
