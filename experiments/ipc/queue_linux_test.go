package ipc_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parcon/experiments/ipc"
	"parcon/runner/proc/proctest"
)

// Putters and movers are processes and goroutines: all messages arrive once, and
// those of one putter that went through one mover are in order.
func TestAQueueLosesNothing(t *testing.T) {
	proctest.Tidy(t)
	from := must(ipc.NewQueue(5, 32))(t)
	to := must(ipc.NewQueue(3, 64))(t)
	const each = 1000
	var putters, movers []*ipc.Process
	names := []string{"a", "b", "c"}
	for _, name := range names[:2] {
		putters = append(putters, start(t, objects(from), "putter", name, strconv.Itoa(each)))
	}
	for range 2 {
		movers = append(movers, start(t, objects(from, to), "mover"))
	}
	go func() {
		if err := put(from, names[2], each); err != nil {
			t.Error(err)
		}
		done(t, putters...)
		if err := from.Close(); err != nil {
			t.Error(err)
		}
		done(t, movers...)
		if err := to.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := soon()
	defer cancel()
	seen := map[string]bool{}
	last := map[string]int{}
	for {
		message, err := to.Get(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		mover, name, number := parse(t, message)
		if key := name + strconv.Itoa(number); seen[key] {
			t.Errorf("%s came twice", key)
		} else {
			seen[key] = true
		}
		way := mover + name
		if number < last[way] {
			t.Errorf("%s: %d came after %d", way, number, last[way])
		}
		last[way] = number
	}
	if len(seen) != len(names)*each {
		t.Errorf("%d messages came, want %d", len(seen), len(names)*each)
	}
}

func TestAQueueAmongGoroutines(t *testing.T) {
	proctest.Tidy(t)
	q := must(ipc.NewQueue(2, 16))(t)
	var putters, getters sync.WaitGroup
	var mu sync.Mutex
	seen := map[string]int{}
	const each = 500
	for i := range 4 {
		putters.Go(func() {
			if err := put(q, strconv.Itoa(i), each); err != nil {
				t.Error(err)
			}
		})
		getters.Go(func() {
			ctx, cancel := soon()
			defer cancel()
			for {
				message, err := q.Get(ctx)
				if err != nil {
					if err != io.EOF {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				seen[string(message)]++
				mu.Unlock()
			}
		})
	}
	putters.Wait()
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	getters.Wait()
	if len(seen) != 4*each {
		t.Errorf("%d messages, want %d", len(seen), 4*each)
	}
	for message, n := range seen {
		if n != 1 {
			t.Errorf("%q came %d times", message, n)
		}
	}
}

// A joinable queue behaves as a slice does, whatever is done to it.
func TestAQueueIsASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity, longest := rapid.IntRange(1, 4).Draw(t, "capacity"), rapid.IntRange(0, 20).Draw(t, "longest")
		q, err := ipc.NewJoinableQueue(capacity, longest)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Free()
		var model [][]byte
		undone, taken, closed := 0, 0, false
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				message := rapid.SliceOfN(rapid.Byte(), 0, longest+1).Draw(t, "message")
				err := q.TryPut(message)
				switch {
				case len(message) > longest:
					if !errors.Is(err, ipc.ErrTooLong) {
						t.Fatalf("too long: %v", err)
					}
				case closed:
					if err != ipc.ErrClosed {
						t.Fatalf("closed: %v", err)
					}
				case len(model) == capacity:
					if err != ipc.ErrFull {
						t.Fatalf("full: %v", err)
					}
				case err != nil:
					t.Fatal(err)
				default:
					model = append(model, message)
					undone++
				}
			},
			"get": func(t *rapid.T) {
				message, err := q.TryGet()
				switch {
				case len(model) == 0 && closed:
					if err != io.EOF {
						t.Fatalf("closed and empty: %v", err)
					}
				case len(model) == 0:
					if err != ipc.ErrEmpty {
						t.Fatalf("empty: %v", err)
					}
				case err != nil || !bytes.Equal(message, model[0]):
					t.Fatalf("%q, %v, want %q", message, err, model[0])
				default:
					model = model[1:]
					taken++
				}
			},
			"done": func(t *rapid.T) {
				err := q.Done()
				if taken == 0 {
					if !errors.Is(err, ipc.ErrTooOften) {
						t.Fatalf("too often: %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				taken--
				undone--
			},
			"close": func(t *rapid.T) {
				closed = closed || rapid.IntRange(0, 9).Draw(t, "close") == 0
				if closed {
					if err := q.Close(); err != nil {
						t.Fatal(err)
					}
				}
			},
			"": func(t *rapid.T) {
				if q.Len() != len(model) || q.Cap() != capacity {
					t.Fatalf("%d of %d, want %d of %d", q.Len(), q.Cap(), len(model), capacity)
				}
				over, cancel := context.WithCancel(context.Background())
				cancel()
				if err := q.Join(over); (err == nil) != (undone == 0) {
					t.Fatalf("join with %d undone: %v", undone, err)
				}
			},
		})
	})
}

func TestAQueueTimesOut(t *testing.T) {
	proctest.Tidy(t)
	q := must(ipc.NewQueue(1, 1))(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if _, err := q.Get(ctx); err != context.DeadlineExceeded {
		t.Error(err)
	}
	if err := q.TryPut(nil); err != nil {
		t.Error(err)
	}
	if err := q.Put(ctx, nil); err != context.DeadlineExceeded {
		t.Error(err)
	}
}

// Close finds those who wait: getters get the end, putters are refused.
func TestCloseWakesThoseWhoWait(t *testing.T) {
	proctest.Tidy(t)
	empty, full := must(ipc.NewQueue(1, 1))(t), must(ipc.NewQueue(1, 1))(t)
	if err := full.TryPut([]byte("x")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := soon()
	defer cancel()
	const each = 5
	got, refused := make(chan error, each), make(chan error, each)
	for range each {
		go func() { _, err := empty.Get(ctx); got <- err }()
		go func() { refused <- full.Put(ctx, nil) }()
	}
	time.Sleep(2 * time.Millisecond) // most of them wait; those who come later see the same
	if err := errors.Join(empty.Close(), full.Close(), full.Close()); err != nil {
		t.Error(err)
	}
	for range each {
		if err := <-got; err != io.EOF {
			t.Error(err)
		}
		if err := <-refused; err != ipc.ErrClosed {
			t.Error(err)
		}
	}
	if message, err := full.Get(ctx); string(message) != "x" || err != nil {
		t.Errorf("%q, %v", message, err)
	}
	if _, err := full.Get(ctx); err != io.EOF {
		t.Error(err)
	}
}

func TestJoinWaitsForAllThatWasPut(t *testing.T) {
	proctest.Tidy(t)
	q := must(ipc.NewJoinableQueue(10, 8))(t)
	ctx, cancel := soon()
	defer cancel()
	if err := q.Join(ctx); err != nil {
		t.Errorf("joining before anything was put: %v", err)
	}
	if err := q.Put(ctx, []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := q.Done(); !errors.Is(err, ipc.ErrTooOften) {
		t.Errorf("marking what was not taken: %v", err)
	}
	if _, err := q.Get(ctx); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
	defer cancel()
	if err := q.Join(short); err != context.DeadlineExceeded {
		t.Errorf("joining with one not done: %v", err)
	}
	if err := q.Done(); err != nil {
		t.Error(err)
	}
	workers := []*ipc.Process{start(t, objects(q), "worker"), start(t, objects(q), "worker")}
	for range 500 {
		if err := q.Put(ctx, []byte("task")); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Join(ctx); err != nil {
		t.Error(err)
	}
	if err := q.Done(); !errors.Is(err, ipc.ErrTooOften) {
		t.Errorf("marking too often: %v", err)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	done(t, workers...)
}

// Getters that are killed anywhere leave the queue usable, and take no more than
// one message each along.
func TestAQueueOutlivesItsUsers(t *testing.T) {
	proctest.Tidy(t)
	amongTheDead(t)
	from, to := must(ipc.NewQueue(4, 32))(t), must(ipc.NewQueue(4, 64))(t)
	const n = 3000
	fed := make(chan error, 1)
	go func() { fed <- put(from, "a", n) }()
	ctx, cancel := soon()
	defer cancel()
	seen, kills := map[int]bool{}, 0
	var mover *ipc.Process
	for i := 0; ; i++ {
		if i%300 == 0 && kills < 6 {
			if mover != nil {
				if err := mover.Kill(); err != nil {
					t.Error(err)
				}
				kills++
			}
			mover = start(t, objects(from, to), "mover")
		}
		if len(fed) == 1 && from.Len() == 0 {
			break
		}
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		message, err := to.Get(short)
		cancel()
		if err == context.DeadlineExceeded {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _, number := parse(t, message)
		if seen[number] {
			t.Errorf("%d came twice", number)
		}
		seen[number] = true
	}
	if err := errors.Join(<-fed, from.Close()); err != nil {
		t.Error(err)
	}
	for ctx.Err() == nil && (mover.Alive() || to.Len() > 0) {
		if message, err := to.TryGet(); err == nil {
			_, _, number := parse(t, message)
			seen[number] = true
		} else {
			time.Sleep(time.Millisecond)
		}
	}
	done(t, mover)
	if lost := n - len(seen); kills == 0 || lost > kills {
		t.Errorf("%d messages lost in %d kills", lost, kills)
	}
}

func TestBadQueues(t *testing.T) {
	for _, c := range [][2]int{{0, 1}, {-1, 1}, {1, -1}, {1<<24 + 1, 1}, {1, 1<<30 + 1}, {1 << 24, 1 << 30}} {
		if _, err := ipc.NewQueue(c[0], c[1]); err == nil {
			t.Errorf("made a queue of %d messages of %d bytes", c[0], c[1])
		}
	}
	if _, err := ipc.NewMemory(-1); err == nil {
		t.Error("made memory of -1 bytes")
	}
	for _, n := range []int{0, -1, 1<<30 + 1} {
		if _, err := ipc.NewSemaphore(n); err == nil {
			t.Errorf("made a semaphore of %d", n)
		}
	}
}

func TestAFreedObjectSaysSo(t *testing.T) {
	proctest.Tidy(t)
	ctx, cancel := soon()
	defer cancel()
	q, err := ipc.NewQueue(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan error)
	go func() { _, err := q.Get(ctx); waits <- err }()
	file := q.File()
	if err := errors.Join(q.Free(), q.Free()); err != nil {
		t.Error(err)
	}
	if err := q.Put(ctx, nil); !errors.Is(err, ipc.ErrFreed) {
		t.Error(err)
	}
	if q.Len() != 0 || q.Cap() != 1 {
		t.Error(q.Len(), q.Cap())
	}
	if _, err := ipc.OpenQueue(file); err == nil {
		t.Error("opened a closed file")
	}
	cmd := child(t, objects(q), "wrong")
	if _, err := ipc.Start(cmd, true); !errors.Is(err, ipc.ErrFreed) {
		t.Errorf("handing on what was let go of: %v", err)
	}
	cancel()
	if err := <-waits; err != context.Canceled && !errors.Is(err, ipc.ErrFreed) {
		t.Error(err)
	}
}

func TestAnObjectOfTheWrongKind(t *testing.T) {
	proctest.Tidy(t)
	q := must(ipc.NewQueue(1, 1))(t)
	done(t, start(t, objects(q), "wrong"))
	if _, err := ipc.OpenLock(q.File()); !errors.Is(err, ipc.ErrWrongKind) || err.Error() != "opening a lock: the file holds a queue: it is not of this kind" {
		t.Error(err)
	}
	if _, err := ipc.OpenJoinableQueue(q.File()); !errors.Is(err, ipc.ErrWrongKind) {
		t.Error(err)
	}
	if _, err := ipc.OpenEnd(q.File()); !errors.Is(err, ipc.ErrWrongKind) {
		t.Error(err)
	}
	plain, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := ipc.OpenQueue(plain); !errors.Is(err, ipc.ErrWrongKind) {
		t.Error(err)
	}
	lock, other := must(ipc.NewLock())(t), must(ipc.NewLock())(t)
	c := must(ipc.NewCondition(lock))(t)
	if _, err := ipc.OpenCondition(c.File(), other); !errors.Is(err, ipc.ErrWrongKind) {
		t.Error(err)
	}
	if ipc.Inherited(-1) != nil || ipc.Inherited(1<<40) != nil {
		t.Error("there was something at no position")
	}
	// An object of this process is not inherited, whatever its number.
	if at := int(q.File().Fd()) - 3; ipc.Inherited(at) != nil {
		t.Error("own objects were inherited")
	}
}
