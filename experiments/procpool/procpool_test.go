package procpool_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parcon/experiments/procpool"
	"parcon/runner/proc/proctest"
)

// payload is a request of a length, other for each i, whose answer shows that
// not a byte was lost, moved or sent to another.
func payload(i, size int) []byte {
	random := rand.New(rand.NewPCG(uint64(i), uint64(size)))
	b := make([]byte, size)
	for at := range b {
		b[at] = byte(random.Uint32())
	}
	if size > 0 {
		b[0] = echo
	}
	return b
}

// Of every length, and many of them sent ahead: a parent that only writes while
// its worker only writes would wait for ever.
func TestMapAnswersEachRequestOnce(t *testing.T) {
	for _, size := range []int{0, 1, 100, 4091, 4092, 4093, 16 << 10, 64<<10 - 5, 64 << 10, 200_000} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
				const n = 60
				p := start(3)
				defer closed(t, p)
				var asked, answered [n]atomic.Int32
				err := p.Map(n, func(i int, buf []byte) []byte {
					asked[i].Add(1)
					return append(buf, payload(i, size)...)
				}, func(i int, answer []byte) error {
					answered[i].Add(1)
					if !bytes.Equal(answer, payload(i, size)) {
						return fmt.Errorf("request %d came back changed", i)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				for i := range n {
					if asked[i].Load() != 1 || answered[i].Load() != 1 {
						t.Errorf("request %d: asked %d times, answered %d times", i, asked[i].Load(), answered[i].Load())
					}
				}
			})
		})
	}
}

func TestMapTakesLengthsThatChange(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(2)
		defer closed(t, p)
		random := rand.New(rand.NewPCG(1, 2))
		var sizes [2000]int
		for i := range sizes {
			sizes[i] = random.IntN(2) * random.IntN(300) // many short ones
			if i%50 == 0 {
				sizes[i] = random.IntN(200_000)
			}
		}
		err := p.Map(len(sizes), func(i int, buf []byte) []byte {
			return append(buf, payload(i, sizes[i])...)
		}, func(i int, answer []byte) error {
			if !bytes.Equal(answer, payload(i, sizes[i])) {
				return fmt.Errorf("request %d came back changed", i)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Requests go out in the order of their numbers, and each worker answers its
// own in that order.
func TestMapGoesFromFirstToLast(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		const n = 500
		p := start(1)
		var order []int
		if err := p.Map(n, func(i int, buf []byte) []byte {
			order = append(order, i) // of one worker: one goroutine
			return append(buf, pid)
		}, func(int, []byte) error { return nil }); err != nil {
			t.Error(err)
		}
		closed(t, p)
		if len(order) != n || !slices.IsSorted(order) {
			t.Errorf("order of one worker: %v", order)
		}

		p = start(3)
		var mu sync.Mutex
		byWorker := map[string][]int{}
		if err := p.Map(n, func(_ int, buf []byte) []byte { return append(buf, pid) }, func(i int, answer []byte) error {
			mu.Lock()
			defer mu.Unlock()
			byWorker[string(answer)] = append(byWorker[string(answer)], i)
			return nil
		}); err != nil {
			t.Error(err)
		}
		closed(t, p)
		total := 0
		for worker, numbers := range byWorker {
			total += len(numbers)
			if !slices.IsSorted(numbers) {
				t.Errorf("order of worker %s: %v", worker, numbers)
			}
		}
		if total != n {
			t.Errorf("%d answers", total)
		}
	})
}

func TestAWorkerRunsOneRequestAtATime(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		const workers, n = 3, 40
		p := start(workers)
		defer closed(t, p)
		type event struct {
			at    uint64
			delta int
		}
		var mu sync.Mutex
		var events []event
		if err := p.Map(n, func(_ int, buf []byte) []byte { return append(buf, span) }, func(_ int, answer []byte) error {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, event{binary.LittleEndian.Uint64(answer), 1}, event{binary.LittleEndian.Uint64(answer[8:]), -1})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(events, func(a, b event) int {
			if a.at == b.at {
				return a.delta - b.delta
			}
			if a.at < b.at {
				return -1
			}
			return 1
		})
		now, most := 0, 0
		for _, e := range events {
			now += e.delta
			most = max(most, now)
		}
		if most > workers || len(events) != 2*n {
			t.Errorf("%d of %d requests ran at once on %d workers", most, len(events)/2, workers)
		}
	})
}

func TestMapOfNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(2)
		defer closed(t, p)
		never := func(int, []byte) []byte { t.Error("asked"); return nil }
		if err := p.Map(0, never, nil); err != nil {
			t.Error(err)
		}
	})
}

// An error is that of the handler, in its words; the requests that were sent
// ahead are over when Map returns, and the pool goes on.
func TestAFailedRequestFailsMapAndNotThePool(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(2)
		defer closed(t, p)
		for range 3 {
			err := p.Map(1000, func(i int, buf []byte) []byte {
				if i == 20 {
					return append(buf, "fof the task: disk full"...)
				}
				return append(buf, span)
			}, func(i int, answer []byte) error {
				if len(answer) != 16 {
					t.Errorf("request %d: answer %q", i, answer)
				}
				return nil
			})
			if err == nil || err.Error() != "of the task: disk full" {
				t.Errorf("error %v", err)
			}
			if answers, err := p.Each([]byte{pid}); err != nil || len(answers) != 2 || bytes.Equal(answers[0], answers[1]) {
				t.Errorf("afterwards: %q, %v", answers, err)
			}
		}
	})
}

func TestAnErrorOfReplyFailsMap(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(2)
		defer closed(t, p)
		wrong := errors.New("wrong answer")
		// Answers of a megabyte lie on the way when Map gives up: no worker
		// may be stuck with one when the pool is closed.
		err := p.Map(200, func(_ int, buf []byte) []byte { return append(buf, blow) }, func(i int, _ []byte) error {
			if i == 10 {
				return wrong
			}
			return nil
		})
		if !errors.Is(err, wrong) {
			t.Errorf("error %v", err)
		}
	})
}

func TestAWorkerThatEndsFailsMap(t *testing.T) {
	for request, want := range map[byte]string{exit: "exit status 7", die: "signal: killed"} {
		t.Run(want, func(t *testing.T) {
			onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
				p := start(3)
				err := p.Map(1000, func(i int, buf []byte) []byte {
					if i == 50 {
						return append(buf, request)
					}
					return append(buf, payload(i, 500)...)
				}, func(int, []byte) error { return nil })
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %v, want one line with %q", err, want)
				}
				// The pool goes on, with another worker in that place.
				if answers, err := p.Each([]byte{pid}); err != nil || len(answers) != 3 {
					t.Errorf("afterwards: %q, %v", answers, err)
				}
				closed(t, p)
			})
		})
	}
}

func TestAllWorkersEndAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(3)
		err := p.Map(100, func(_ int, buf []byte) []byte { return append(buf, exit) }, func(int, []byte) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "exit status 7") {
			t.Errorf("error %v", err)
		}
		closed(t, p)
	})
}

// killWorker kills one of a pool's workers and returns its number.
func killWorker(t *testing.T, p *procpool.Pool, which int) int {
	t.Helper()
	answers, err := p.Each([]byte{pid})
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(string(answers[which]))
	if err != nil {
		t.Fatal(err)
	}
	worker, err := os.FindProcess(number)
	if err != nil {
		t.Fatal(err)
	}
	if err := worker.Kill(); err != nil {
		t.Fatal(err)
	}
	return number
}

// An idle worker may be killed too: by a user, or for want of memory. Nothing
// that it was sent had begun, so others run it.
func TestAnIdleWorkerThatWasKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("without shared memory it cannot be known that nothing had begun")
	}
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(1)
		number := killWorker(t, p, 0)
		answered := 0
		err := p.Map(100, func(_ int, buf []byte) []byte { return append(buf, pid) }, func(_ int, answer []byte) error {
			if answered++; string(answer) == strconv.Itoa(number) {
				return errors.New("an answer of the dead")
			}
			return nil
		})
		if err != nil || answered != 100 {
			t.Errorf("%d answers, %v", answered, err)
		}
		killWorker(t, p, 0)
		if answers, err := p.Each([]byte{pid}); err != nil || len(answers) != 1 {
			t.Errorf("%q, %v", answers, err)
		}
		closed(t, p)
	})
}

func TestCloseOfAKilledWorkerTellsOfIt(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(2)
		number := killWorker(t, p, 1)
		if err := p.Close(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("worker %d: signal: killed", number)) {
			t.Errorf("error %v", err)
		}
	})
}

// Often, because the worker's two threads end it together.
func TestCloseEndsWorkersWithoutAnError(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		for range 10 {
			closed(t, start(4))
		}
	})
}

func TestEachAsksEveryWorkerInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(4)
		defer closed(t, p)
		first, err := p.Each([]byte{pid})
		if err != nil {
			t.Fatal(err)
		}
		again, err := p.Each([]byte{pid})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(first, again, bytes.Equal) {
			t.Errorf("order %s and then %s", first, again)
		}
		slices.SortFunc(first, bytes.Compare)
		if len(slices.CompactFunc(first, bytes.Equal)) != 4 {
			t.Errorf("not four workers: %s", first)
		}
		if _, err := p.Each([]byte("fno")); err == nil || err.Error() != "no" {
			t.Errorf("error %v", err)
		}
	})
}

func TestWorkersGetTheirEnvironmentAndNoMore(t *testing.T) {
	proctest.Tidy(t)
	t.Setenv("PARENT", "1")
	p, err := procpool.Start(self(t, "pipes"), procpool.Options{Workers: 1, Env: []string{"GOMAXPROCS=1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, p)
	if answers, err := p.Each([]byte{environ}); err != nil || string(answers[0]) != "GOMAXPROCS=1" {
		t.Errorf("%q, %v", answers, err)
	}
}

func TestStartRefusesInOneLine(t *testing.T) {
	for _, c := range []struct {
		argv []string
		o    procpool.Options
		want string
	}{
		{self(t, "pipes"), procpool.Options{}, "starting a process pool of 0 workers: it needs at least 1"},
		{self(t, "pipes"), procpool.Options{Workers: -1}, "starting a process pool of -1 workers: it needs at least 1"},
		{nil, procpool.Options{Workers: 1}, "starting a process pool without a program: name one and its arguments"},
		{[]string{"/no/such/worker"}, procpool.Options{Workers: 2}, "starting worker 1 of 2, /no/such/worker: fork/exec /no/such/worker: no such file or directory"},
		{[]string{"/no/such/worker"}, procpool.Options{Workers: 2, Ring: true}, "starting worker 1 of 2, /no/such/worker: fork/exec /no/such/worker: no such file or directory"},
	} {
		t.Run(c.want, func(t *testing.T) {
			if c.o.Ring && runtime.GOOS != "linux" {
				t.Skip("the ring is Linux's")
			}
			proctest.Tidy(t)
			if _, err := procpool.Start(c.argv, c.o); err == nil || err.Error() != c.want {
				t.Errorf("error %v", err)
			}
		})
	}
}
