package life

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/runner/proc"
)

// The kinds of a parent's child.
const (
	kindDaemon = "daemon" // the kernel kills it when its parent ends
	kindPlain  = "plain"  // nothing happens to it then
)

// A family is a child of the trial, the parent, and a child of that, which the
// trial talks to.
type family struct {
	parent *child
	dialogue
	child *os.Process
	was   stat // of the child
}

// startFamily starts a parent which starts a child of this kind.
func startFamily(t card.Trial, kind string) (*family, error) {
	d, theirs, err := newDialogue()
	if err != nil {
		return nil, err
	}
	program := slices.Concat(t.Env.Part, []string{t.Get(card.Key), "child"})
	cmd := peer.Part(t, 1, "parent", append([]string{kind}, program...)...)
	cmd.ExtraFiles = theirs
	parent, err := start(cmd)
	peer.CloseAll(theirs...)
	if err != nil {
		d.close()
		return nil, err
	}
	f := &family{parent: parent, dialogue: d}
	if err := f.meet(); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// meet learns who the child is, and makes sure that it is up and the parent's.
func (f *family) meet() error {
	pid, err := f.parent.number()
	if err != nil {
		return err
	}
	if f.child, err = os.FindProcess(pid); err != nil {
		return fmt.Errorf("finding the child %d of the parent: %w", pid, err)
	}
	if err := f.ask("hello"); err != nil {
		return err
	}
	var there bool
	if f.was, there, err = look(pid); err != nil || !there {
		return fmt.Errorf("process %d answered and is not in /proc (%v)", pid, err)
	}
	parent, err := parentOf(pid)
	if err == nil && parent != f.parent.cmd.Process.Pid {
		err = fmt.Errorf("the parent of process %d is %d, want %d, which started it", pid, parent, f.parent.cmd.Process.Pid)
	}
	return err
}

// endParent makes the parent end, because its work is done or by SIGTERM or
// SIGKILL, and buries it. Its child has another parent then, if it is still there.
func (f *family) endParent(way string) error {
	want := ending{code: 0}
	switch way {
	case endExit:
		if err := f.parent.In.Close(); err != nil {
			return fmt.Errorf("telling the parent that its work is done: %w", err)
		}
	case wayTerm, wayKill:
		want = ending{code: -1, signal: signals[way]}
		if err := f.parent.cmd.Process.Signal(want.signal); err != nil {
			return fmt.Errorf("sending %v to the parent: %w", want.signal, err)
		}
	}
	got, err := f.parent.join()
	if err == nil && got != want {
		err = fmt.Errorf("the parent ended with %v, want %v", got, want)
	}
	return err
}

// close ends both at once, if they are still there, and buries what is the
// trial's to bury.
func (f *family) close() {
	f.parent.close()
	f.dialogue.close()
	if f.child != nil {
		_ = f.child.Kill()
		_, _ = f.child.Wait() // fails at once if it is another's child
		_ = f.child.Release()
	}
}

// parent is the part that starts a child of a kind, tells its PID, and works
// until its standard input ends. What it got as files 3 and 4 are the child's
// standard input and output.
func parent(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("starting a parent with %d arguments: it needs a kind and its child's program", len(args))
	}
	kind, program := args[0], args[1:]
	c := exec.Command(program[0], program[1:]...)
	if kind == kindDaemon {
		c = proc.Command(program, os.Environ())
	}
	c.Stdin, c.Stdout = os.NewFile(3, "the child's input"), os.NewFile(4, "the child's output")
	if err := proc.Start(c); err != nil {
		return fmt.Errorf("starting the child of a parent: %w", err)
	}
	fmt.Println(c.Process.Pid)
	_, err := io.Copy(io.Discard, proc.Stdin())
	return err
}
