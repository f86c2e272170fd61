package ipc_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"parcon/experiments/ipc"
	"parcon/runner/proc/proctest"
)

// add adds n to the number in the memory, not atomically.
func add(l *ipc.Lock, memory []byte, n int) error {
	ctx, cancel := soon()
	defer cancel()
	for range n {
		if err := l.Lock(ctx); err != nil {
			return err
		}
		binary.LittleEndian.PutUint64(memory, binary.LittleEndian.Uint64(memory)+1)
		if err := l.Unlock(); err != nil {
			return err
		}
	}
	return nil
}

func TestALockLosesNoUpdate(t *testing.T) {
	proctest.Tidy(t)
	l := must(ipc.NewLock())(t)
	m, err := ipc.NewMemory(8)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	const each = 5000
	var children []*ipc.Process
	for range 3 {
		children = append(children, start(t, objects(l, m), "adder", strconv.Itoa(each)))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := add(l, m.Bytes(), each); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	done(t, children...)
	if got := binary.LittleEndian.Uint64(m.Bytes()); got != 7*each {
		t.Errorf("%d, want %d", got, 7*each)
	}
	if l.Holder() != 0 {
		t.Errorf("process %d holds it", l.Holder())
	}
}

func TestALockKnowsItsHolder(t *testing.T) {
	proctest.Tidy(t)
	l := must(ipc.NewLock())(t)
	if err := l.Unlock(); !errors.Is(err, ipc.ErrNotHeld) {
		t.Errorf("unlocking a free lock: %v", err)
	}
	if !l.TryLock() || l.TryLock() || l.Holder() != os.Getpid() {
		t.Errorf("taken once, twice, or by %d", l.Holder())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if err := l.Lock(ctx); err != context.DeadlineExceeded {
		t.Errorf("taking a taken lock: %v", err)
	}
	if err := l.Unlock(); err != nil {
		t.Error(err)
	}
	if l.Holder() != 0 {
		t.Errorf("then %d holds it", l.Holder())
	}
}

// Waiters that give up must not take along the wake-up of those who stay.
func TestALockForgetsNoWaiter(t *testing.T) {
	proctest.Tidy(t)
	l := must(ipc.NewLock())(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for taken := 0; taken < 50; {
				ctx, cancel := soon()
				if i%2 == 0 {
					cancel()
					ctx, cancel = context.WithTimeout(context.Background(), 200*time.Microsecond)
				}
				err := l.Lock(ctx)
				cancel()
				if err == nil {
					taken++
					runtime.Gosched() // others come and wait
					err = l.Unlock()
				} else if i%2 == 0 && err == context.DeadlineExceeded {
					taken++ // it tried
					err = nil
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestCancelEndsAWait(t *testing.T) {
	proctest.Tidy(t)
	l := must(ipc.NewLock())(t)
	if !l.TryLock() {
		t.Fatal("not free")
	}
	for range 2000 { // it comes before, while and after the thread goes to sleep
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		if err := l.Lock(ctx); err != context.Canceled {
			t.Fatal(err)
		}
	}
}

// One of those who wait is told that the holder died; the lock can be used.
func TestALockOfADeadProcess(t *testing.T) {
	proctest.Tidy(t)
	amongTheDead(t)
	l := must(ipc.NewLock())(t)
	p := start(t, objects(l), "die with the lock")
	ctx, cancel := soon()
	defer cancel()
	if status, err := p.Join(ctx); err != nil || status.String() != "signal: killed" {
		t.Fatal(status, err)
	}
	if l.Holder() != p.Pid() {
		t.Errorf("%d holds it", l.Holder())
	}
	if l.TryLock() {
		t.Error("it was free")
	}
	told := make(chan error, 3)
	for range cap(told) {
		go func() {
			err := l.Lock(ctx)
			if err == nil {
				err = l.Unlock()
			}
			told <- err
		}()
	}
	deaths := 0
	for range cap(told) {
		if err := <-told; errors.Is(err, ipc.ErrOwnerDied) {
			deaths++
		} else if err != nil {
			t.Error(err)
		}
	}
	if deaths != 1 {
		t.Errorf("%d were told", deaths)
	}
	if !l.TryLock() {
		t.Error("it is not free")
	}
}

// The dead process was not waited for: it is a zombie, whose number exists.
func TestALockOfAZombie(t *testing.T) {
	proctest.Tidy(t)
	amongTheDead(t)
	l := must(ipc.NewLock())(t)
	cmd := child(t, objects(l), "die with the lock")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the child holding the lock", func() bool { return l.Holder() != 0 })
	ctx, cancel := soon()
	defer cancel()
	if err := l.Lock(ctx); !errors.Is(err, ipc.ErrOwnerDied) {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Error(err)
	}
}

func TestAReentrantLockCounts(t *testing.T) {
	proctest.Tidy(t)
	l := must(ipc.NewReentrant())(t)
	ctx, cancel := soon()
	defer cancel()
	for range 3 {
		if err := l.Lock(ctx, 1); err != nil {
			t.Fatal(err)
		}
	}
	if l.TryLock(2) {
		t.Error("another owner took it")
	}
	if err := l.Unlock(2); !errors.Is(err, ipc.ErrNotHeld) {
		t.Errorf("another owner unlocked it: %v", err)
	}
	if pid, owner := l.Holder(); pid != os.Getpid() || owner != 1 {
		t.Errorf("held by %d of %d", owner, pid)
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if err := l.Lock(short, 2); err != context.DeadlineExceeded {
		t.Error(err)
	}
	for i := range 3 {
		if l.TryLock(2) {
			t.Errorf("another owner took it after %d of 3", i)
		}
		if err := l.Unlock(1); err != nil {
			t.Error(err)
		}
	}
	if !l.TryLock(2) {
		t.Error("it is not free")
	}
	if err := l.Unlock(2); err != nil {
		t.Error(err)
	}
	if err := l.Unlock(2); !errors.Is(err, ipc.ErrNotHeld) {
		t.Error(err)
	}
}

func TestAReentrantLockExcludes(t *testing.T) {
	proctest.Tidy(t)
	l := must(ipc.NewReentrant())(t)
	ctx, cancel := soon()
	defer cancel()
	number := 0
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 500 {
				err := errors.Join(l.Lock(ctx, uint32(i)), l.Lock(ctx, uint32(i)))
				number++
				if err := errors.Join(err, l.Unlock(uint32(i)), l.Unlock(uint32(i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if number != 8*500 {
		t.Errorf("%d, want %d", number, 8*500)
	}
}

func TestAReentrantLockOfADeadProcess(t *testing.T) {
	proctest.Tidy(t)
	amongTheDead(t)
	l := must(ipc.NewReentrant())(t)
	p := start(t, objects(l), "die with the reentrant lock")
	ctx, cancel := soon()
	defer cancel()
	if _, err := p.Join(ctx); err != nil {
		t.Fatal(err)
	}
	if pid, owner := l.Holder(); pid != p.Pid() || owner != 1 {
		t.Errorf("held by %d of %d", owner, pid)
	}
	if err := l.Lock(ctx, 1); !errors.Is(err, ipc.ErrOwnerDied) {
		t.Error(err)
	}
	if err := l.Lock(ctx, 1); err != nil {
		t.Error(err)
	}
	if err := l.Unlock(1); err != nil {
		t.Error(err)
	}
	if !l.TryLock(2) {
		t.Error("it is not free")
	}
}
