package ipc_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"parcon/experiments/ipc"
	"parcon/runner/proc/proctest"
)

const (
	places = 3
	visits = 300
)

// counter is the i-th number of 8 bytes in shared memory.
func counter(memory []byte, i int) *atomic.Int64 {
	return (*atomic.Int64)(unsafe.Pointer(&memory[8*i]))
}

// visit enters and leaves n times. The memory counts those who are inside, and the
// most that were.
func visit(s *ipc.Semaphore, memory []byte, n int) error {
	ctx, cancel := soon()
	defer cancel()
	for range n {
		if err := s.Acquire(ctx); err != nil {
			return err
		}
		inside := counter(memory, 0).Add(1)
		most := counter(memory, 1)
		for old := most.Load(); inside > old && !most.CompareAndSwap(old, inside); old = most.Load() {
		}
		runtime.Gosched()
		counter(memory, 0).Add(-1)
		if err := s.Release(); err != nil {
			return err
		}
	}
	return nil
}

func TestASemaphoreLetsAtMostSoManyIn(t *testing.T) {
	proctest.Tidy(t)
	s := must(ipc.NewSemaphore(places))(t)
	m, err := ipc.NewMemory(16)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	children := []*ipc.Process{start(t, objects(s, m), "visitor"), start(t, objects(s, m), "visitor")}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if err := visit(s, m.Bytes(), visits); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	done(t, children...)
	inside, most := counter(m.Bytes(), 0).Load(), counter(m.Bytes(), 1).Load()
	if inside != 0 || most < 1 || most > places {
		t.Errorf("%d inside, %d at most, want up to %d", inside, most, places)
	}
	if err := s.Release(); !errors.Is(err, ipc.ErrTooOften) {
		t.Errorf("releasing too often: %v", err)
	}
}

func TestASemaphoreHasAllItsPlaces(t *testing.T) {
	proctest.Tidy(t)
	s := must(ipc.NewSemaphore(places))(t)
	for i := range places {
		if !s.TryAcquire() {
			t.Errorf("no place after %d", i)
		}
	}
	if s.TryAcquire() {
		t.Error("one place too many")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
	defer cancel()
	if err := s.Acquire(ctx); err != context.DeadlineExceeded {
		t.Error(err)
	}
	got := make(chan error)
	go func() {
		ctx, cancel := soon()
		defer cancel()
		got <- s.Acquire(ctx)
	}()
	if err := s.Release(); err != nil {
		t.Error(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func TestAnEventWakesAll(t *testing.T) {
	proctest.Tidy(t)
	e := must(ipc.NewEvent())(t)
	q := must(ipc.NewQueue(100, 8))(t)
	ctx, cancel := soon()
	defer cancel()
	short, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
	defer cancel()
	if err := e.Wait(short); err != context.DeadlineExceeded {
		t.Errorf("waiting for what was not set: %v", err)
	}
	children := []*ipc.Process{start(t, objects(e, q), "waiter"), start(t, objects(e, q), "waiter")}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := errors.Join(q.Put(ctx, []byte("waiting")), e.Wait(ctx)); err != nil {
				t.Error(err)
			}
		})
	}
	for range 20 + len(children) {
		if message, err := q.Get(ctx); err != nil || string(message) != "waiting" {
			t.Fatal(string(message), err)
		}
	}
	if e.IsSet() {
		t.Error("it is set")
	}
	if err := e.Set(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	done(t, children...)
	if !e.IsSet() || e.Wait(short) != nil {
		t.Error("it is not set")
	}
	if err := errors.Join(e.Set(), e.Clear(), e.Clear()); err != nil {
		t.Error(err)
	}
	if e.IsSet() {
		t.Error("it is set after Clear")
	}
	if err := e.Wait(short); err != context.DeadlineExceeded {
		t.Error(err)
	}
}

// An event that is cleared right after it was set has woken those who waited.
// Whether a goroutine waits yet is not to be seen, so it is set again and again.
func TestAShortEventWakesToo(t *testing.T) {
	proctest.Tidy(t)
	e := must(ipc.NewEvent())(t)
	ctx, cancel := soon()
	defer cancel()
	woken := make(chan error, 5)
	for range cap(woken) {
		go func() { woken <- e.Wait(ctx) }()
	}
	until(t, "all woken", func() bool {
		if err := errors.Join(e.Set(), e.Clear()); err != nil {
			t.Error(err)
		}
		return len(woken) == cap(woken)
	})
	for range cap(woken) {
		if err := <-woken; err != nil {
			t.Error(err)
		}
	}
}

// crowd is a number of goroutines that wait for a condition; woken receives what
// their waits returned. All of them wait when it returns.
func crowd(t *testing.T, ctx context.Context, l *ipc.Lock, c *ipc.Condition, n int) (woken chan error) {
	t.Helper()
	woken = make(chan error, n)
	var ready atomic.Int32
	for range n {
		go func() {
			if err := l.Lock(ctx); err != nil {
				t.Error(err)
				return
			}
			ready.Add(1)
			err := c.Wait(ctx)
			woken <- errors.Join(err, l.Unlock())
		}()
	}
	until(t, "all wait", func() bool { return int(ready.Load()) == n })
	return woken
}

// notify notifies under the lock.
func notify(t *testing.T, l *ipc.Lock, c *ipc.Condition, n int) int {
	t.Helper()
	ctx, cancel := soon()
	defer cancel()
	if err := l.Lock(ctx); err != nil {
		t.Fatal(err)
	}
	woken, err := c.Notify(n)
	if err := errors.Join(err, l.Unlock()); err != nil {
		t.Fatal(err)
	}
	return woken
}

func TestAConditionWakesAsManyAsTold(t *testing.T) {
	proctest.Tidy(t)
	l := must(ipc.NewLock())(t)
	c := must(ipc.NewCondition(l))(t)
	if err := c.Wait(context.Background()); !errors.Is(err, ipc.ErrNotHeld) {
		t.Errorf("waiting without the lock: %v", err)
	}
	if _, err := c.Notify(1); !errors.Is(err, ipc.ErrNotHeld) {
		t.Errorf("notifying without the lock: %v", err)
	}
	ctx, cancel := soon()
	defer cancel()
	woken := crowd(t, ctx, l, c, 20)
	left := 20
	for _, n := range []int{0, -1, 1, 3, 7, 100} {
		want := max(0, min(n, left))
		if got := notify(t, l, c, n); got != want {
			t.Errorf("notified %d, want %d", got, want)
		}
		for range want {
			if err := <-woken; err != nil {
				t.Error(err)
			}
		}
		left -= want
		runtime.Gosched()
		if len(woken) != 0 {
			t.Errorf("%d too many woken by %d", len(woken), n)
		}
	}
}

// Some waits run out of time while others are notified: as many are woken as
// Notify said, not one less and not one more.
func TestATimeOutSwallowsNoNotification(t *testing.T) {
	proctest.Tidy(t)
	l := must(ipc.NewLock())(t)
	c := must(ipc.NewCondition(l))(t)
	ctx, cancel := soon()
	defer cancel()
	var woken, late atomic.Int32
	var wg sync.WaitGroup
	const waiters = 8
	const each = 30
	for i := range waiters {
		wg.Go(func() {
			for range each {
				short, cancel := context.WithTimeout(ctx, time.Duration(100*(i+1))*time.Microsecond)
				if err := l.Lock(ctx); err != nil {
					t.Error(err)
				}
				switch err := c.Wait(short); err {
				case nil:
					woken.Add(1)
				case context.DeadlineExceeded:
					late.Add(1)
				default:
					t.Error(err)
				}
				if err := l.Unlock(); err != nil {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	all := make(chan struct{})
	go func() { wg.Wait(); close(all) }()
	said := 0
	for running := true; running; {
		select {
		case <-all:
			running = false
		default:
			said += notify(t, l, c, 2)
			time.Sleep(100 * time.Microsecond)
		}
	}
	if int(woken.Load()) != said || woken.Load()+late.Load() != waiters*each {
		t.Errorf("%d were woken where Notify said %d; %d were late", woken.Load(), said, late.Load())
	}
}

// Waiters in other processes; one of them is killed and is not counted.
func TestAConditionAmongProcesses(t *testing.T) {
	proctest.Tidy(t)
	l := must(ipc.NewLock())(t)
	c := must(ipc.NewCondition(l))(t)
	q := must(ipc.NewQueue(10, 8))(t)
	ctx, cancel := soon()
	defer cancel()
	var children []*ipc.Process
	next := func(want string) {
		t.Helper()
		if message, err := q.Get(ctx); err != nil || string(message) != want {
			t.Fatalf("%q, %v, want %q", message, err, want)
		}
	}
	for range 3 {
		children = append(children, start(t, objects(l, c, q), "conditional"))
		next("waiting")
	}
	// The lock is free only once the last one waits.
	if err := errors.Join(l.Lock(ctx), l.Unlock()); err != nil {
		t.Fatal(err)
	}
	if err := children[0].Kill(); err != nil {
		t.Fatal(err)
	}
	if status, err := children[0].Join(ctx); err != nil || status.Signal == 0 {
		t.Fatal(status, err)
	}
	if got := notify(t, l, c, 1); got != 1 {
		t.Errorf("notified %d", got)
	}
	next("woken")
	done(t, children[1])
	if got := notify(t, l, c, 2); got != 1 {
		t.Errorf("notified %d, want the last one", got)
	}
	next("woken")
	done(t, children[2])
}

func TestAConditionHasRoomForSoMany(t *testing.T) {
	proctest.Tidy(t)
	l := must(ipc.NewLock())(t)
	c := must(ipc.NewCondition(l))(t)
	ctx, cancel := soon()
	defer cancel()
	const room = 1024
	woken := crowd(t, ctx, l, c, room)
	if err := l.Lock(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(ctx); !errors.Is(err, ipc.ErrTooMany) {
		t.Error(err)
	}
	if n, err := c.NotifyAll(); n != room || err != nil {
		t.Errorf("notified %d, %v", n, err)
	}
	if err := l.Unlock(); err != nil {
		t.Error(err)
	}
	for range room {
		if err := <-woken; err != nil {
			t.Error(err)
		}
	}
}

func TestMemoryIsShared(t *testing.T) {
	proctest.Tidy(t)
	m, err := ipc.NewMemory(100)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Bytes()) != 100 || cap(m.Bytes()) != 100 {
		t.Errorf("%d bytes of %d", len(m.Bytes()), cap(m.Bytes()))
	}
	again, err := ipc.OpenMemory(m.File())
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(m.Bytes(), 7)
	if got := binary.LittleEndian.Uint32(again.Bytes()); got != 7 {
		t.Errorf("it reads %d", got)
	}
	// The other view stays when one is gone.
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if m.Bytes() != nil || binary.LittleEndian.Uint32(again.Bytes()) != 7 {
		t.Error(fmt.Sprint(m.Bytes(), again.Bytes()))
	}
	_ = again.Close() // its file is closed already
}
