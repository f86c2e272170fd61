package ipc_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"parcon/experiments/ipc"
	"parcon/runner/proc/proctest"
)

// FuzzNonsense writes nonsense into the memory of every kind of object, opens it,
// and uses it: nothing may panic, and nothing may hang.
func FuzzNonsense(f *testing.F) {
	f.Add(uint16(0), []byte{})
	f.Add(uint16(8), []byte{1})                       // another kind
	f.Add(uint16(16), []byte{255, 255, 255, 255})     // another capacity
	f.Add(uint16(64), []byte{1, 0, 0, 0})             // a holder that is none
	f.Add(uint16(128), []byte{9, 0, 0, 0, 0, 0, 0})   // a tail far ahead
	f.Add(uint16(136), []byte{9, 0, 0, 0, 0, 0, 0})   // a head before the tail
	f.Add(uint16(64), []byte{0, 0, 0, 128})           // waiters and no holder
	f.Add(uint16(64), []byte{255, 255, 255, 127, 1})  // places beyond the number
	f.Add(uint16(384), []byte("lengths of messages")) // of a queue
	f.Fuzz(func(t *testing.T, at uint16, nonsense []byte) {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		lock, err := ipc.NewLock()
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Free()
		if !lock.TryLock() {
			t.Fatal("not free")
		}
		for _, c := range nonsenseCases(lock) {
			made, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := unix.Pwrite(int(made.File().Fd()), nonsense, int64(at)); err != nil && err != unix.EPERM {
				t.Fatal(err) // EPERM: behind its sealed end
			}
			c.use(over, made.File())
			if made, ok := made.(interface{ Free() error }); ok {
				_ = made.Free()
			}
		}
	})
}

type nonsenseCase struct {
	make func() (ipc.Object, error)
	use  func(over context.Context, file *os.File)
}

// nonsenseCases are all kinds of objects, with all that can be done to them in no
// time.
func nonsenseCases(lock *ipc.Lock) []nonsenseCase {
	return []nonsenseCase{
		{func() (ipc.Object, error) { return ipc.NewJoinableQueue(2, 16) }, func(over context.Context, file *os.File) {
			q, err := ipc.OpenJoinableQueue(file)
			if err != nil {
				return
			}
			defer q.Free()
			for range 3 {
				_ = q.Put(over, []byte("message"))
				_, _ = q.Get(over)
				_ = q.Done()
				_ = q.Join(over)
			}
			_, _ = q.Len(), q.Cap()
		}},
		{func() (ipc.Object, error) { return ipc.NewLock() }, func(over context.Context, file *os.File) {
			l, err := ipc.OpenLock(file)
			if err != nil {
				return
			}
			defer l.Free()
			_ = l.Unlock()
			_ = l.Lock(over)
			_ = l.TryLock()
			_ = l.Holder()
			_ = l.Unlock()
		}},
		{func() (ipc.Object, error) { return ipc.NewReentrant() }, func(over context.Context, file *os.File) {
			l, err := ipc.OpenReentrant(file)
			if err != nil {
				return
			}
			defer l.Free()
			_ = l.Unlock(1)
			_ = l.Lock(over, 1)
			_ = l.TryLock(1)
			_, _ = l.Holder()
			_ = l.Unlock(1)
		}},
		{func() (ipc.Object, error) { return ipc.NewSemaphore(2) }, func(over context.Context, file *os.File) {
			s, err := ipc.OpenSemaphore(file)
			if err != nil {
				return
			}
			defer s.Free()
			_ = s.Release()
			_ = s.Acquire(over)
			_ = s.TryAcquire()
			_ = s.Release()
		}},
		{func() (ipc.Object, error) { return ipc.NewEvent() }, func(over context.Context, file *os.File) {
			e, err := ipc.OpenEvent(file)
			if err != nil {
				return
			}
			defer e.Free()
			_ = e.Wait(over)
			_ = e.Set()
			_ = e.Clear()
		}},
		{func() (ipc.Object, error) { return ipc.NewCondition(lock) }, func(over context.Context, file *os.File) {
			c, err := ipc.OpenCondition(file, lock)
			if err != nil {
				return
			}
			defer c.Free()
			_ = c.Wait(over)
			_, _ = c.Notify(3)
		}},
		{func() (ipc.Object, error) { return ipc.NewMemory(100) }, func(_ context.Context, file *os.File) {
			m, err := ipc.OpenMemory(file)
			if err != nil {
				return
			}
			_ = fmt.Sprint(m.Bytes())
			_ = m.Close()
		}},
	}
}

// Another process cannot take the memory away under this one's feet.
func TestMemoryKeepsItsSize(t *testing.T) {
	q := must(ipc.NewQueue(1, 1))(t)
	if err := q.File().Truncate(0); err == nil {
		t.Error("it was cut off")
	}
}

// Nothing is left: neither in this process nor in /dev/shm, where named shared
// memory would be.
func TestNothingIsLeft(t *testing.T) {
	proctest.Tidy(t)
	left := func() int {
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(maps), "memfd:parcon-")
	}
	files := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	maps, open := left(), files()
	lock, err := ipc.NewLock()
	if err != nil {
		t.Fatal(err)
	}
	lock.TryLock()
	for _, c := range nonsenseCases(lock) {
		made, err := c.make()
		if err != nil {
			t.Fatal(err)
		}
		if left() < maps+2 {
			t.Error("the test does not see the memory")
		}
		over, cancel := context.WithCancel(context.Background())
		cancel()
		c.use(over, made.File())
		switch made := made.(type) {
		case *ipc.Memory:
			_ = made.Close() // the file is closed already, with the other handle
		case interface{ Free() error }:
			_ = made.Free()
		}
	}
	if err := lock.Free(); err != nil {
		t.Error(err)
	}
	if left() != maps || files() != open {
		t.Errorf("%d memories and %d files, want %d and %d", left(), files(), maps, open)
	}
}
