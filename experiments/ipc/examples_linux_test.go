package ipc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"parcon/experiments/ipc"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

func ExampleMemory() {
	m, err := ipc.NewMemory(16)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	copy(m.Bytes(), "hello")
	fmt.Printf("%q\n", m.Bytes())
	// Output: "hello\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
}

func ExampleLock() {
	l, err := ipc.NewLock()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Free()
	fmt.Println(l.Lock(context.Background()), l.Holder() == os.Getpid())
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	fmt.Println(l.Lock(ctx), l.TryLock())
	fmt.Println(l.Unlock())
	fmt.Println(l.Unlock())
	// Output:
	// <nil> true
	// context deadline exceeded false
	// <nil>
	// unlocking a lock: the caller does not hold it
}

func ExampleReentrant() {
	l, err := ipc.NewReentrant()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Free()
	const me, you = 1, 2
	fmt.Println(l.TryLock(me), l.TryLock(me), l.TryLock(you))
	fmt.Println(l.Unlock(me), l.TryLock(you))
	fmt.Println(l.Unlock(me), l.TryLock(you))
	// Output:
	// true true false
	// <nil> false
	// <nil> true
}

func ExampleSemaphore() {
	s, err := ipc.NewSemaphore(2)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Free()
	fmt.Println(s.TryAcquire(), s.TryAcquire(), s.TryAcquire())
	fmt.Println(s.Release(), s.Release())
	fmt.Println(s.Release())
	// Output:
	// true true false
	// <nil> <nil>
	// releasing a semaphore with all 2 places free: called too often
}

func ExampleEvent() {
	e, err := ipc.NewEvent()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Free()
	woken := make(chan error)
	for range 3 {
		go func() { woken <- e.Wait(context.Background()) }()
	}
	fmt.Println(e.Set())
	fmt.Println(<-woken, <-woken, <-woken, e.IsSet())
	// Output:
	// <nil>
	// <nil> <nil> <nil> true
}

// One waits until a number is 3; the other one counts.
func ExampleCondition() {
	l, err := ipc.NewLock()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Free()
	c, err := ipc.NewCondition(l)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Free()
	ctx := context.Background()
	number := 0
	seen := make(chan error)
	go func() {
		err := l.Lock(ctx)
		for err == nil && number < 3 {
			err = c.Wait(ctx)
		}
		fmt.Println("it is", number)
		seen <- errors.Join(err, l.Unlock())
	}()
	for range 3 {
		err := l.Lock(ctx)
		number++
		_, notified := c.Notify(1)
		if err := errors.Join(err, notified, l.Unlock()); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(<-seen)
	// Output:
	// it is 3
	// <nil>
}

func ExampleQueue() {
	q, err := ipc.NewQueue(2, 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer q.Free()
	fmt.Println(q.TryPut([]byte("a")), q.TryPut([]byte("b")), q.TryPut([]byte("c")))
	fmt.Println(q.Len(), q.Cap(), q.Close())
	for range 3 {
		message, err := q.Get(context.Background())
		fmt.Printf("%q %v\n", message, err)
	}
	// Output:
	// <nil> <nil> it is full
	// 2 2 <nil>
	// "a" <nil>
	// "b" <nil>
	// "" EOF
}

// A child sends back what comes through its end of the pipe.
func ExampleNewPipe() {
	program, err := os.Executable()
	if err != nil {
		fmt.Println(err)
		return
	}
	ours, theirs, err := ipc.NewPipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	cmd := proc.Command([]string{program, "child", "echo"}, []string{proctest.QuickExit})
	ipc.Attach(cmd, theirs)
	child, err := ipc.Start(cmd, true)
	// Only the child has its end now: when it goes, this end sees that.
	if err := errors.Join(err, theirs.Close()); err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println(ours.Send(ctx, []byte("hello")))
	message, err := ours.Recv(ctx)
	fmt.Println(string(message), err)
	fmt.Println(ours.Close())
	fmt.Println(child.Join(ctx))
	// Output:
	// <nil>
	// hello <nil>
	// <nil>
	// done <nil>
}

func ExampleStart() {
	child, err := ipc.Start(proc.Command([]string{"/bin/sh", "-c", "read line"}, []string{proctest.QuickExit}), true)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println(child.Join(ctx)) // it reads from nothing
	child, err = ipc.Start(proc.Command([]string{"/bin/sleep", "3600"}, []string{proctest.QuickExit}), true)
	if err != nil {
		fmt.Println(err)
		return
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_, err = child.Join(short)
	fmt.Println(err, child.Alive())
	fmt.Println(child.Terminate())
	fmt.Println(child.Join(ctx))
	// Output:
	// exit code 1 <nil>
	// context deadline exceeded true
	// <nil>
	// signal: terminated <nil>
}
