package locking

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/experiments/scratch"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// killed: a process takes a lock and is killed (SIGKILL). Then the trial, which is
// another process and could not have the lock before, tries to take it for
// killedWait. Seen is that it gets it: the lock was given back.
//
// What the textbooks mean is a lock that says no more than that it is taken:
//
//   - lockfile: a file that only one can make (O_EXCL, open(2));
//   - semaphore: a counter in shared memory, as the Lock of CPython's
//     multiprocessing is (_multiprocessing/semaphore.c); cpython is that one itself.
//
// The kernel gives back those that it knows:
//
//   - flock: a lock on an open file, which is closed with its process (flock(2));
//   - robust: a futex that its holder's thread named to the kernel
//     (set_robust_list(2)), which marks it when the thread ends.
//
// noted is neither: ipc.Lock, a futex with its holder's number in it. The kernel does
// not know it; who waits looks every 100 ms whether the holder lives.
var killed = card.Card{
	Name: "killed", Doc: "kills the holder of a lock; can another process take it then?",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys: []card.Choice{
		{Key: "lock", Values: []string{"lockfile", "semaphore", python, "noted", "flock", "robust"}, Words: map[string]string{
			"lockfile": "a lock file", "semaphore": "a semaphore", python: "CPython's multiprocessing.Lock",
			"noted": "a lock that notes its holder", "flock": "flock", "robust": "a robust futex",
		}},
	},
	Cases:    killedCases,
	Claims:   killedClaims,
	Prepare:  prepareKilled,
	Parts:    map[string]func([]string) error{"holder": killedPart, "janitor": sweep},
	Label:    "given back after the end of its holder",
	Sections: killedSections,
}

func killedOf(lock string) variant.Variant { return card.Of("killed", "lock", lock) }

// killedCases: one that is not given back takes all of killedWait.
func killedCases(s card.Scale) []card.Case {
	cases := []card.Case{
		card.Run(card.Tries, killedOf("lockfile")), card.Run(card.Tries, killedOf("semaphore")),
		card.Run(card.Tries, killedOf("flock")), card.Run(card.Tries, killedOf("robust")),
	}
	if s.Depth >= card.Standard {
		cases = append(cases, card.Run(1, killedOf("noted")))
	}
	if s.CPython() {
		cases = append(cases, card.Run(1, killedOf(python)))
	}
	return cases
}

func killedClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "L7", Text: "A lock whose holder is killed stays locked for everybody; a lock of the kernel (flock, robust futex) is given back",
		Caveat: fmt.Sprintf("A lock counts as locked that cannot be had for %d ms after the end of its holder. "+
			"One that notes its holder's number (noted) is given back too, though the kernel does not know it: by the next one who waits.", killedWait.Milliseconds()),
		Comparisons: []card.Comparison{
			card.Never(card.Seen, killedOf("lockfile")), card.Never(card.Seen, killedOf("semaphore")),
			card.Always(card.Seen, killedOf("flock")), card.Always(card.Seen, killedOf("robust")),
		},
	}}
}

func killedSections() []section.Section {
	return []section.Section{{
		Topic: "The lock of a process that was killed", Claims: []string{"L7"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted("seen", "after its holder was killed another process got a lock file in %s tries", "lock", "lockfile"),
				section.Counted("seen", "a semaphore in %s", "lock", "semaphore"),
				section.Counted("seen", "a file locked by flock in %s", "lock", "flock"),
				section.Counted("seen", "a robust futex in %s", "lock", "robust"),
			},
			Columns: []section.Column{
				section.Under("what is locked", section.Value("lock")),
				section.Under("given back", section.Count("seen")),
			},
			Note: fmt.Sprintf("It was tried for %d ms. The kernel gives back flock and the robust futex; a lock that notes its holder (ipc.Lock) is taken from the dead by the next one who waits for it.", killedWait.Milliseconds()),
		},
	}}
}

// killedWait is how long the lock of a killed process is tried. The kernel gives one
// back before the end of its holder can be seen.
const killedWait = 20 * time.Millisecond

// waitFor is that for a lock: ipc takes longer to look around.
func waitFor(lock string) time.Duration {
	if lock == "noted" {
		return 150 * time.Millisecond
	}
	return killedWait
}

// A killable is a lock as one of its processes has it.
type killable struct {
	// take waits for the lock. With an error the caller does not hold it; that of ctx
	// says that it is locked.
	take func(ctx context.Context) error
	// remove does away with the lock, whoever holds it.
	remove func() error
	things []ipc.Object // what it lies in
}

// killables open a lock: a new one, or as a holder that inherited its things. path is
// that of a file of the try's own, which is removed if the trial is killed.
var killables = map[string]func(path string, inherited bool) (killable, error){
	"lockfile": func(path string, _ bool) (killable, error) {
		return killable{polled(func() (bool, error) {
			f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				return false, nil
			}
			if err != nil {
				return false, fmt.Errorf("making a lock file: %w", err)
			}
			return true, f.Close()
		}), func() error { return os.Remove(path) }, nil}, nil
	},
	"flock":  openFlock,
	"robust": openRobust,
	"semaphore": func(_ string, inherited bool) (killable, error) {
		open := func() (*ipc.Semaphore, error) { return ipc.NewSemaphore(1) }
		if inherited {
			open = func() (*ipc.Semaphore, error) { return ipc.OpenSemaphore(ipc.Inherited(0)) }
		}
		s, err := open()
		if err != nil {
			return killable{}, err
		}
		return killable{s.Acquire, s.Free, []ipc.Object{s}}, nil
	},
	"noted": func(_ string, inherited bool) (killable, error) {
		open := ipc.NewLock
		if inherited {
			open = func() (*ipc.Lock, error) { return ipc.OpenLock(ipc.Inherited(0)) }
		}
		l, err := open()
		if err != nil {
			return killable{}, err
		}
		return killable{func(ctx context.Context) error {
			err := l.Lock(ctx)
			if errors.Is(err, ipc.ErrOwnerDied) { // what it protects would be looked at now
				err = l.Lock(ctx)
			}
			return err
		}, l.Free, []ipc.Object{l}}, nil
	},
}

// polled waits for a lock that must be tried again and again.
func polled(try func() (bool, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			if got, err := try(); got || err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(aLook):
			}
		}
	}
}

func prepareKilled(t card.Trial) (card.Session, error) {
	if t.Get("lock") == python {
		return cpython.Prepare(t, patience, killedPython, "killed", "deadline="+killedWait.String())
	}
	dir := filepath.Join(t.Env.Dir, scratch.Name())
	janitor, err := hireJanitor(t, dir)
	if err != nil {
		return card.Session{}, err
	}
	return card.Session{Run: func() (protocol.Measurement, error) {
		return card.TryTogether(t.Ops, abreast, func(try int) (bool, error) {
			return killHolder(t, filepath.Join(dir, strconv.Itoa(try)))
		})
	}, Close: func() error { return janitor.End(patience) }}, nil
}

// hireJanitor makes a folder for locks, which must have a name, and starts a process that
// removes it when the trial is gone, however it went: of a pipe to it the trial alone has
// the other end. Nobody's end takes it along.
func hireJanitor(t card.Trial, dir string) (*peer.Process, error) {
	cmd := peer.Part(t, 1, "janitor", dir)
	outlive(cmd)
	janitor, err := peer.Start(cmd, patience)
	if err != nil {
		return nil, fmt.Errorf("starting the janitor of a folder for locks: %w", err)
	}
	if _, err := janitor.Hear(); err != nil {
		return nil, fmt.Errorf("making a folder for locks: %w", err)
	}
	return janitor, nil
}

// sweep is the janitor. A holder that is about to end may still make a file in the folder
// while that is removed: then it is removed again.
func sweep(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("keeping a folder clean: %d arguments, want 1", len(args))
	}
	// A trial that is killed before it hears that all is ready must not take the janitor along.
	signal.Ignore(syscall.SIGPIPE)
	if err := os.Mkdir(args[0], 0o700); err != nil {
		return err
	}
	peer.Say(protocol.Ready)
	_, err := io.Copy(io.Discard, proc.Stdin())
	left := os.RemoveAll(args[0])
	for until := time.Now().Add(patience); left != nil && time.Now().Before(until); time.Sleep(aLook) {
		left = os.RemoveAll(args[0])
	}
	return errors.Join(err, left)
}

//go:embed killed.py
var killedPython string

// killHolder is one try, with a lock of its own.
func killHolder(t card.Trial, path string) (givenBack bool, err error) {
	l, err := killables[t.Get("lock")](path, false)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, l.remove()) }()
	holder, err := hire(1, func() *exec.Cmd { return peer.Part(t, 1, "holder", t.Get("lock"), path) }, l.things)
	if err != nil {
		return false, err
	}
	got, err := takeWithin(l, aLook)
	holder.Kill()
	if got {
		err = errors.New("another process could take a lock that was held: it is none")
	}
	if err != nil {
		return false, err
	}
	return takeWithin(l, waitFor(t.Get("lock")))
}

func takeWithin(l killable, limit time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := l.take(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// killedPart is a process that takes a lock and keeps it.
func killedPart(args []string) error {
	if len(args) != 2 || killables[args[0]] == nil {
		return fmt.Errorf("holding a lock of the kind and the path %q: this program is started by parcon, not by hand", args)
	}
	l, err := killables[args[0]](args[1], true)
	if err != nil {
		return err
	}
	if got, err := takeWithin(l, patience); !got || err != nil {
		return fmt.Errorf("taking a lock that is new within %v: %w", patience, err)
	}
	return peer.Attend(func(word string) (string, error) { return "", unknown(word) })
}
