package ipc_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"parcon/experiments/ipc"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

// The test binary starts itself as the child: "child" and a role. The objects
// that a role needs are attached in the order in which it opens them.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "child" {
		if os.Args[2] != "mover" { // one of them is killed
			ipc.LookAround(time.Hour)
		}
		if err := roles[os.Args[2]](os.Args[3:]); err != nil {
			fmt.Fprintln(os.Stderr, os.Args[2:], err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	ipc.LookAround(time.Hour)
	os.Exit(m.Run())
}

// soon bounds what should not wait at all. A wait that lasts until then fails,
// also if it finds what it waited for when it looks at the end: nobody woke it.
func soon() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	return ctx, func() {
		if ctx.Err() == context.DeadlineExceeded {
			panic("a wait lasted 20 s")
		}
		cancel()
	}
}

// child prepares this test binary in a role.
func child(t testing.TB, objects []ipc.Object, role ...string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := proc.Command(append([]string{path, "child"}, role...), []string{proctest.QuickExit})
	cmd.Stderr = os.Stderr
	ipc.Attach(cmd, objects...)
	return cmd
}

// start starts a child in a role; it is killed when the test ends.
func start(t testing.TB, objects []ipc.Object, role ...string) *ipc.Process {
	t.Helper()
	p, err := ipc.Start(child(t, objects, role...), true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Kill()
		ctx, cancel := soon()
		defer cancel()
		_, _ = p.Join(ctx)
	})
	return p
}

// done waits for children that should end without an error.
func done(t testing.TB, children ...*ipc.Process) {
	t.Helper()
	ctx, cancel := soon()
	defer cancel()
	for _, p := range children {
		if status, err := p.Join(ctx); err != nil || !status.Done() {
			t.Errorf("a child ended with %v, %v", status, err)
		}
	}
}

// amongTheDead lets waiters look around by themselves, as they do without tests.
func amongTheDead(t testing.TB) {
	ipc.LookAround(100 * time.Millisecond)
	t.Cleanup(func() { ipc.LookAround(time.Hour) })
}

// must fails the test unless a constructor succeeded, and lets go of the object
// when the test ends.
func must[T interface{ Free() error }](o T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := o.Free(); err != nil {
				t.Error(err)
			}
		})
		return o
	}
}

// until waits for something that will be true soon.
func until(t testing.TB, what string, true func() bool) {
	t.Helper()
	for range 20_000 {
		if true() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("not seen: %s", what)
}

func objects(o ...ipc.Object) []ipc.Object { return o }

var roles = map[string]func(args []string) error{
	"example": exampleChild,
	// queue; name, how many: puts messages.
	"putter": func(args []string) error {
		q, err := ipc.OpenQueue(ipc.Inherited(0))
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return put(q, args[0], n)
	},
	// two queues: takes from the first and puts with its own name in the second.
	"mover": func([]string) error {
		from, err := ipc.OpenQueue(ipc.Inherited(0))
		if err != nil {
			return err
		}
		to, err := ipc.OpenQueue(ipc.Inherited(1))
		if err != nil {
			return err
		}
		ctx, cancel := soon()
		defer cancel()
		for {
			message, err := from.Get(ctx)
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := to.Put(ctx, fmt.Appendf(nil, "%d %s", os.Getpid(), message)); err != nil {
				return err
			}
		}
	},
	// joinable queue: takes and marks until the end.
	"worker": func([]string) error {
		q, err := ipc.OpenJoinableQueue(ipc.Inherited(0))
		if err != nil {
			return err
		}
		ctx, cancel := soon()
		defer cancel()
		for {
			if _, err := q.Get(ctx); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			if err := q.Done(); err != nil {
				return err
			}
		}
	},
	// lock, memory; how many: adds to a number under the lock.
	"adder": func(args []string) error {
		l, err := ipc.OpenLock(ipc.Inherited(0))
		if err != nil {
			return err
		}
		m, err := ipc.OpenMemory(ipc.Inherited(1))
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		return add(l, m.Bytes(), n)
	},
	// lock: takes it and is killed with it.
	"die with the lock": func([]string) error {
		l, err := ipc.OpenLock(ipc.Inherited(0))
		if err != nil {
			return err
		}
		ctx, cancel := soon()
		defer cancel()
		if err := l.Lock(ctx); err != nil {
			return err
		}
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	},
	// reentrant lock: takes it twice and is killed with it.
	"die with the reentrant lock": func([]string) error {
		l, err := ipc.OpenReentrant(ipc.Inherited(0))
		if err != nil {
			return err
		}
		for range 2 {
			if !l.TryLock(1) {
				return fmt.Errorf("not free")
			}
		}
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	},
	// semaphore, memory: enters and leaves, and counts who is inside.
	"visitor": func([]string) error {
		s, err := ipc.OpenSemaphore(ipc.Inherited(0))
		if err != nil {
			return err
		}
		m, err := ipc.OpenMemory(ipc.Inherited(1))
		if err != nil {
			return err
		}
		return visit(s, m.Bytes(), visits)
	},
	// event, queue: waits and says so before and after.
	"waiter": func([]string) error {
		e, err := ipc.OpenEvent(ipc.Inherited(0))
		if err != nil {
			return err
		}
		q, err := ipc.OpenQueue(ipc.Inherited(1))
		if err != nil {
			return err
		}
		ctx, cancel := soon()
		defer cancel()
		if err := q.Put(ctx, []byte("waiting")); err != nil {
			return err
		}
		if err := e.Wait(ctx); err != nil {
			return err
		}
		return q.Put(ctx, []byte("woken"))
	},
	// lock, condition, queue: waits for the condition and says so.
	"conditional": func([]string) error {
		l, err := ipc.OpenLock(ipc.Inherited(0))
		if err != nil {
			return err
		}
		c, err := ipc.OpenCondition(ipc.Inherited(1), l)
		if err != nil {
			return err
		}
		q, err := ipc.OpenQueue(ipc.Inherited(2))
		if err != nil {
			return err
		}
		ctx, cancel := soon()
		defer cancel()
		if err := l.Lock(ctx); err != nil {
			return err
		}
		// Under the lock: who takes it next knows that this one waits.
		if err := q.Put(ctx, []byte("waiting")); err != nil {
			return err
		}
		if err := c.Wait(ctx); err != nil {
			return err
		}
		if err := q.Put(ctx, []byte("woken")); err != nil {
			return err
		}
		return l.Unlock()
	},
	// end of a pipe: sends back what comes.
	"echo": func([]string) error {
		end, err := ipc.OpenEnd(ipc.Inherited(0))
		if err != nil {
			return err
		}
		defer end.Close()
		for {
			message, err := end.Recv(context.Background())
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := end.Send(context.Background(), message); err != nil {
				return err
			}
		}
	},
	// two queues: sends back what comes.
	"echo queue": func([]string) error {
		in, err := ipc.OpenQueue(ipc.Inherited(0))
		if err != nil {
			return err
		}
		out, err := ipc.OpenQueue(ipc.Inherited(1))
		if err != nil {
			return err
		}
		for {
			message, err := in.Get(context.Background())
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := out.Put(context.Background(), message); err != nil {
				return err
			}
		}
	},
	// whatever: tries to open what is there as something else.
	"wrong": func([]string) error {
		if _, err := ipc.OpenLock(ipc.Inherited(0)); err == nil {
			return fmt.Errorf("a queue was taken for a lock")
		}
		if _, err := ipc.OpenLock(ipc.Inherited(7)); err == nil {
			return fmt.Errorf("nothing was taken for a lock")
		}
		if _, err := ipc.OpenQueue(ipc.Inherited(0)); err != nil {
			return fmt.Errorf("after a wrong try: %w", err)
		}
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, 3, syscall.F_GETFD, 0)
		if errno != 0 || flags&syscall.FD_CLOEXEC == 0 {
			return fmt.Errorf("the descriptor is handed on: flags %d, %v", flags, errno)
		}
		return nil
	},
	// how to end.
	"end": func(args []string) error {
		switch args[0] {
		case "error":
			os.Exit(7)
		case "fault":
			var nowhere *int
			*nowhere = 1
		case "wait":
			time.Sleep(time.Hour)
		}
		return nil
	},
	// two ends; daemon or not: starts a child with the second end that lives as
	// long as the first one is open, says its number, and ends when told to.
	"parent": func(args []string) error {
		path, err := os.Executable()
		if err != nil {
			return err
		}
		end, err := ipc.OpenEnd(ipc.Inherited(0))
		if err != nil {
			return err
		}
		cmd := exec.Command(path, "child", "echo")
		ipc.Attach(cmd, end)
		p, err := ipc.Start(cmd, args[0] == "daemon")
		if err != nil {
			return err
		}
		fmt.Println(p.Pid())
		_, err = bufio.NewReader(os.Stdin).ReadString('\n')
		if err == io.EOF {
			return nil
		}
		return err
	},
}

// messages are "name number".
func put(q *ipc.Queue, name string, n int) error {
	ctx, cancel := soon()
	defer cancel()
	for i := range n {
		if err := q.Put(ctx, fmt.Appendf(nil, "%s %d", name, i)); err != nil {
			return err
		}
	}
	return nil
}

// parse takes a message of put apart, behind the name of the one who moved it.
func parse(t testing.TB, message []byte) (mover, name string, number int) {
	t.Helper()
	fields := strings.Fields(string(message))
	if len(fields) != 3 {
		t.Fatalf("a message is %q", message)
	}
	number, err := strconv.Atoi(fields[2])
	if err != nil {
		t.Fatal(err)
	}
	return fields[0], fields[1], number
}
