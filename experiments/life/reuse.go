package life

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// reuse looks whom the number of a process names after its parent waited for it:
// nobody at first, then another process. While it is a zombie its number is not
// given out.
//
// The kernel gives out numbers in turn, and begins again after the last one, pid_max
// (alloc_pid in kernel/pid.c). A whole turn of a machine takes minutes, and its
// counter is not for a trial to touch. So all of this happens in a namespace of
// process numbers of its own (pid_namespaces(7)), whose counter the trial sets back
// to just before the number: that is how ns_last_pid is there to be used. For what
// comes then it is as if a turn had passed. Only root may make such a namespace, or
// who makes a user namespace of his own beside (user_namespaces(7)). The kernel ends
// all in it when its first process ends, which dies with the trial.
//
// A pidfd (pidfd_open(2)) is another name for a process, which goes on to name
// nobody: mistaken counts the tries in which it named the other process.
var reuse = card.Card{
	Name:        "reuse",
	Doc:         "the number of a process that was waited for names nobody, and later another process",
	Needs:       []card.Need{card.Linux},
	Tried:       true,
	Independent: true,
	Cases:       func(card.Scale) []card.Case { return []card.Case{card.Run(card.Tries, card.Of("reuse"))} },
	Claims:      reuseClaims,
	Prepare:     prepareReuse,
	Parts:       map[string]func([]string) error{"first": first, "child": serve},
	Label:       "number of a process",
	Counts:      []string{"again", "mistaken"},
	Sections: func() []section.Section {
		return []section.Section{{
			Topic: "The number of a process", Claims: []string{"F12"},
			Form: section.Table{
				Finding: []section.Clause{
					section.Counted(card.UnitSeen, "after its parent waited for a process its number named nobody in %s tries"),
					section.Counted("again", "later it named another process in %s"),
				},
				Columns: []section.Column{
					section.Under("the number names nobody after the wait", section.Count(card.UnitSeen)),
					section.Under("it names another process later", section.Count("again")),
					section.Under("a pidfd of the first names that one too", section.Count("mistaken")),
				},
				Note: "Nobody: and while it was a zombie the number was not given out. Later: the counter of a namespace was set back to the number, as after a turn of all numbers.",
			},
		}}
	},
}

func reuseClaims(card.Scale) []card.Claim {
	again := card.Measure{Name: "given out again", Unit: "again", How: card.Every}
	return []card.Claim{{
		ID: "F12", Text: "Once a process was waited for, its number names nobody, and later somebody else",
		Caveat:      "The counter of numbers was set back, in a namespace of its own, in place of waiting for a turn of all numbers.",
		Comparisons: []card.Comparison{card.Always(card.Seen, card.Of("reuse")), card.Always(again, card.Of("reuse"))},
	}}
}

func prepareReuse(t card.Trial) (card.Session, error) {
	program := slices.Concat(t.Env.Part, []string{t.Get(card.Key), "child"})
	cmd := peer.Part(t, 1, "first", program...)
	secede(cmd)
	c, err := start(cmd)
	if err != nil {
		return card.Session{}, fmt.Errorf("making a namespace of process numbers, as root may and who may make user namespaces: %w", err)
	}
	if err := c.able(); err != nil {
		c.close()
		return card.Session{}, err
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return runNumbers(t.Ops, c) },
		Close: func() error { c.close(); return nil },
	}, nil
}

// runNumbers lets the namespace's first process make the tries.
func runNumbers(tries int, first *child) (protocol.Measurement, error) {
	again, mistaken := 0, 0
	m, err := card.Try(tries, func(int) (bool, error) {
		if err := first.tell("try"); err != nil {
			return false, err
		}
		line, err := first.line()
		if err != nil {
			return false, err
		}
		var s sighting
		if _, err := fmt.Sscan(line, &s.nobody, &s.another, &s.mistaken); err != nil {
			return false, fmt.Errorf("the first process of a namespace wrote %.80q, want three times true or false: %w", line, err)
		}
		if s.another {
			again++
		}
		if s.mistaken {
			mistaken++
		}
		return s.nobody, nil
	})
	if err != nil {
		return nil, err
	}
	m["again"], m["mistaken"] = float64(again), float64(mistaken)
	return m, nil
}

// A sighting is what a number named after its process was waited for.
type sighting struct {
	nobody   bool // at first; and it was not given out before
	another  bool // later: a signal to the number ended a process that was started then
	mistaken bool // the pidfd of the first process named this one too
}

// first is the part that is the first process of the namespace. It tells whether it
// may set the counter; then for each line of its input it makes a try with processes
// of a program, and tells what it saw.
func first(program []string) error {
	if len(program) == 0 {
		return errors.New("being the first process of a namespace: it needs its children's program")
	}
	if err := rewind(os.Getpid() + 100); err != nil {
		fmt.Println(err)
		return nil
	}
	fmt.Println(ready)
	for in := bufio.NewReader(proc.Stdin()); ; {
		if _, err := in.ReadString('\n'); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading what the trial says: %w", err)
		}
		s, err := tryNumber(program)
		if err != nil {
			return err
		}
		fmt.Println(s.nobody, s.another, s.mistaken)
	}
}

// tryNumber looks again with another number where this one was lost: threads have
// numbers too, and a new one of this process can be quicker than the other process.
func tryNumber(program []string) (s sighting, err error) {
	for range 10 {
		var met bool
		if s, met, err = tryOnce(program); met || !s.nobody || err != nil {
			break
		}
	}
	return s, err
}

// tryOnce makes a process, and then another one that is to have its number: met says
// whether it does.
func tryOnce(program []string) (s sighting, met bool, err error) {
	c, err := begin(program)
	if err != nil {
		return s, false, err
	}
	defer c.close()
	pid := c.cmd.Process.Pid
	pidfd, err := openProcess(pid)
	if err != nil {
		return s, false, err
	}
	defer pidfd.Close()
	if err := c.tell(end + "0"); err != nil {
		return s, false, err
	}
	if err := c.over(); err != nil {
		return s, false, err
	}
	early, err := follow(program, pid)
	if err != nil {
		return s, false, err
	}
	defer early.close()
	if _, err := c.join(); err != nil {
		return s, false, err
	}
	s.nobody = early.cmd.Process.Pid != pid && !taken(pid)
	later, err := follow(program, pid)
	if err != nil {
		return s, false, err
	}
	defer later.close()
	if later.cmd.Process.Pid != pid {
		return s, false, nil
	}
	s.mistaken = names(pidfd)
	if err := kill(pid); err != nil {
		return s, true, err
	}
	how, err := later.join()
	s.another = how == ending{-1, syscall.SIGKILL}
	return s, true, err
}

// follow starts a process when the number is the next one to be given out.
func follow(program []string, number int) (*child, error) {
	if err := rewind(number); err != nil {
		return nil, err
	}
	return begin(program)
}

// rewind makes a number the next one to be given out in this process's namespace,
// if it is free.
func rewind(number int) error {
	if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(fmt.Sprint(number-1)), 0); err != nil {
		return fmt.Errorf("setting the counter of a namespace's process numbers, which needs CONFIG_CHECKPOINT_RESTORE and a writable /proc/sys: %w", err)
	}
	return nil
}

// begin starts a process that works.
func begin(program []string) (*child, error) {
	c, err := start(proc.Command(program, os.Environ()))
	if err != nil {
		return nil, err
	}
	if err := c.ask("hello"); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}
