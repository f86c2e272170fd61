package sharing

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"parcon/experiments/card"
	"parcon/experiments/fork"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

//go:embed forked.py
var forkedPython string

// forked copies a program of several threads while one of them holds a lock, and
// looks at the copy: how many threads it has, and whether the lock can be had
// there.
//
// The lock is a word that is 1 while somebody holds it, and a futex: who finds it 1
// lets the kernel wait for a change (futex(2)). In the program its holder gives it
// back as soon as the copy is made; only then the copy tries its own, for the time
// of deadline. It is not a matter of time: nobody is there who could give it back.
// A second lock that was free when the copy was made is free there too, or the try
// fails.
var forked = card.Card{
	Name: "forked", Doc: "what does a fork of a program with several threads copy: its threads, a lock that one of them holds?",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys:        []card.Choice{{Key: "unit", Values: []string{"fork", "cpython-fork"}}},
	Cases:       forkedCases,
	Claims:      forkedClaims,
	Prepare:     prepareForked,
	Label:       "in the child",
	Counts:      []string{unitAlone, unitLocked},
	Sections:    forkedSections,
}

// What is counted.
const (
	unitAlone  = "alone"  // copies with one thread
	unitLocked = "locked" // copies in which the lock stayed locked
)

func forkedOf(unit string) variant.Variant { return card.Of("forked", "unit", unit) }

func forkedCases(s card.Scale) []card.Case {
	cases := []card.Case{card.Run(card.Tries, forkedOf("fork"))}
	if s.CPython() {
		cases = append(cases, card.Run(5, forkedOf("cpython-fork")))
	}
	return cases
}

func forkedClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "S10", Text: "Of a program with several threads fork copies only the one that called it; a lock that another one held stays locked in the child",
		Caveat: fmt.Sprintf("The copy tries the lock for %d ms, when the program itself can have its own again: no thread is left there that could give it back. "+
			"Therefore CPython warns of fork beside threads from 3.12 on, and Go has no fork without a program.", deadline.Milliseconds()),
		Comparisons: []card.Comparison{
			card.Always(card.Measure{Name: "one thread", Unit: unitAlone, How: card.Every}, forkedOf("fork")),
			card.Always(card.Measure{Name: "the lock stays locked", Unit: unitLocked, How: card.Every}, forkedOf("fork")),
		},
	}}
}

func forkedSections() []section.Section {
	return []section.Section{{
		Topic: "Fork beside threads", Claims: []string{"S10"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted(unitAlone, "a fork of a program with several threads had one in %s tries"),
				section.Counted(unitLocked, "a lock that another one held stayed locked there in %s"),
			},
			Columns: []section.Column{
				section.Under("copied by", section.Value("unit")),
				section.Under("one thread in the child", section.Count(unitAlone)),
				section.Under("the lock stays locked there", section.Count(unitLocked)),
			},
		},
	}}
}

// deadline is how long a copy tries to take a lock.
const deadline = 2 * time.Millisecond

// Of futex(2).
const (
	futexWait    = 0
	futexPrivate = 128
)

// What a copy uses lies in variables of the program, where it stays.
var (
	held, free uint32     // the locks
	within     [2]int64   // deadline, a struct timespec
	start      [1]byte    // what it is told
	ends       [2]uintptr // how its waits for the locks end: an errno
)

func prepareForked(t card.Trial) (card.Session, error) {
	if t.Get("unit") != "fork" {
		return python(t, forkedPython, "forked", fmt.Sprint("deadline=", deadline))
	}
	h := newHolder()
	return card.Session{
		Run: func() (protocol.Measurement, error) { return h.run(t.Ops) },
		Close: func() error {
			close(h.orders)
			<-h.done
			return nil
		},
	}, nil
}

// A holder is a thread that takes the lock and gives it back when it is told to.
type holder struct {
	orders chan bool // take it, or give it back
	done   chan error
}

func newHolder() *holder {
	h := &holder{make(chan bool), make(chan error)}
	go func() {
		// The thread stays its own, and is left to the runtime in the end: it does
		// not end with it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(h.done)
		for take := range h.orders {
			was, will := uint32(1), uint32(0)
			if take {
				was, will = 0, 1
			}
			var err error
			if !atomic.CompareAndSwapUint32(&held, was, will) {
				err = fmt.Errorf("a lock is %d, want %d", atomic.LoadUint32(&held), was)
			}
			h.done <- err
		}
	}()
	return h
}

// hold lets the thread take the lock or give it back.
func (h *holder) hold(take bool) error {
	h.orders <- take
	return <-h.done
}

// run counts in so many tries what is seen in a copy.
func (h *holder) run(tries int) (protocol.Measurement, error) {
	m := protocol.Measurement{card.UnitTries: float64(tries), unitAlone: 0, unitLocked: 0}
	for i := range tries {
		alone, locked, err := h.tryFork()
		if err != nil {
			return nil, fmt.Errorf("try %d of %d: %w", i+1, tries, err)
		}
		if alone {
			m[unitAlone]++
		}
		if locked {
			m[unitLocked]++
		}
	}
	return m, nil
}

// tryFork copies this process while the lock is held, and says whether the copy is
// alone and the lock stays locked there.
func (h *holder) tryFork() (alone, locked bool, err error) {
	here, err := threadsOf(os.Getpid())
	if err == nil && here < 2 {
		err = fmt.Errorf("this process has %d threads, want several", here)
	}
	if err != nil {
		return false, false, err
	}
	if err := h.hold(true); err != nil {
		return false, false, err
	}
	c, err := forkTrying()
	err = errors.Join(err, h.hold(false))
	if c == nil {
		return false, false, err
	}
	there, failed := threadsOf(c.PID())
	if err = errors.Join(err, failed, takeHere()); err == nil {
		locked, err = c.try()
	}
	if err = errors.Join(err, c.end()); err != nil {
		return false, false, fmt.Errorf("copying a program of %d threads: %w", here, err)
	}
	return there == 1, locked, nil
}

// takeHere takes the lock and gives it back.
func takeHere() error {
	if !atomic.CompareAndSwapUint32(&held, 0, 1) {
		return errors.New("the lock was given back and is locked still in the program itself")
	}
	atomic.StoreUint32(&held, 0)
	return nil
}

// A tryingCopy is a copy of this process that tries both locks when it is told to,
// or when its input ends, and says how that ended.
type tryingCopy struct {
	*fork.Copy
	ask, hear *os.File
}

// try lets it try, and says whether the lock stays locked: waiting for one ends with
// EAGAIN if it is free, and with ETIMEDOUT if it is not.
func (c *tryingCopy) try() (locked bool, err error) {
	if _, err := c.ask.Write(start[:]); err != nil {
		return false, fmt.Errorf("telling a copy to go on: %w", err)
	}
	if err := c.hear.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return false, fmt.Errorf("limiting the wait for a copy: %w", err)
	}
	var said [len(ends) * word]byte
	if _, err := io.ReadFull(c.hear, said[:]); err != nil {
		return false, fmt.Errorf("reading what a copy found: %w", err)
	}
	of := func(i int) syscall.Errno { return syscall.Errno(binary.NativeEndian.Uint64(said[i*word:])) }
	if of(1) != syscall.EAGAIN || of(0) != syscall.EAGAIN && of(0) != syscall.ETIMEDOUT {
		return false, fmt.Errorf("a copy waited for a free lock: %w; for one that was held: %w", of(1), of(0))
	}
	return of(0) == syscall.ETIMEDOUT, nil
}

func (c *tryingCopy) end() error {
	closeAll(c.ask, c.hear)
	status, err := c.Wait()
	if err == nil && status != 0 {
		err = fmt.Errorf("a copy of this process ended with exit status %d", status)
	}
	return err
}

// forkTrying makes such a copy.
func forkTrying() (*tryingCopy, error) {
	orders, ask, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe to a copy of this process: %w", err)
	}
	hear, say, err := os.Pipe()
	if err != nil {
		closeAll(orders, ask)
		return nil, fmt.Errorf("making a pipe from a copy of this process: %w", err)
	}
	defer closeAll(orders, say)
	address := func(p unsafe.Pointer) uintptr { return uintptr(p) }
	within = [2]int64{0, int64(deadline)}
	try := func(lock *uint32, end *uintptr) fork.Call {
		return fork.Call{Number: fork.Futex, Errno: end, Args: [6]uintptr{
			address(unsafe.Pointer(lock)), futexWait | futexPrivate, 1, address(unsafe.Pointer(&within)),
		}}
	}
	c, err := fork.Start([]fork.Call{
		// Else its input would not end when this process does. Fd makes a file block.
		{Number: fork.Close, Args: [6]uintptr{ask.Fd()}},
		{Number: fork.Read, Args: [6]uintptr{orders.Fd(), address(unsafe.Pointer(&start)), uintptr(len(start))}},
		try(&held, &ends[0]), try(&free, &ends[1]),
		{Number: fork.Send, Args: [6]uintptr{say.Fd(), address(unsafe.Pointer(&ends)), unsafe.Sizeof(ends)}},
	})
	if err != nil {
		closeAll(ask, hear)
		return nil, err
	}
	return &tryingCopy{c, ask, hear}, nil
}

// threadsOf counts the threads of a process (proc_pid_task(5)).
func threadsOf(pid int) (int, error) {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return 0, fmt.Errorf("counting threads: %w", err)
	}
	return len(threads), nil
}
