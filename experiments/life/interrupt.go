package life

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

const (
	ctrlC       = 3   // what a terminal's keyboard sends for Ctrl-C, its VINTR (termios(3))
	interrupted = 130 // the exit status of a process that got SIGINT, as shells tell it
	pipeline    = 2   // processes in the foreground group
)

// interrupt looks who gets the signal of a Ctrl-C. The trial is a terminal: it
// holds the other end of a pseudo-terminal (pty(7)) and types. On the terminal
// works a shell of ours, which leads its session and has two jobs, each a process
// group: two processes in the foreground, as of "a | b", and one in the background,
// as of "c &". So the shell is not in the foreground group meanwhile (tcsetpgrp(3)).
// Beside it a process lives in another session. All of them wait for SIGINT.
//
// Those that are to get nothing are asked after those in the foreground have ended:
// the kernel signals a group in one go, so that by then it has sent all it will.
var interrupt = card.Card{
	Name:        "interrupt",
	Doc:         "a Ctrl-C on a terminal reaches the processes of its foreground group, and no others",
	Needs:       []card.Need{card.Linux},
	Tried:       true,
	Independent: true,
	Cases:       func(card.Scale) []card.Case { return []card.Case{card.Run(card.Tries, card.Of("interrupt"))} },
	Claims:      interruptClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		keyboard, line, err := terminal() // is there any?
		if err != nil {
			return card.Session{}, err
		}
		_ = keyboard.Close()
		_ = line.Close()
		return card.Session{Run: func() (protocol.Measurement, error) { return runInterrupts(t) }}, nil
	},
	Parts:  map[string]func([]string) error{"shell": shell, "child": listen},
	Label:  "Ctrl-C",
	Counts: []string{"outside"},
}

func interruptClaims(card.Scale) []card.Claim {
	outside := card.Measure{Name: "outside of the group", Unit: "outside", How: card.Every}
	return []card.Claim{{
		ID: "F10", Text: "An interrupt from the keyboard reaches every process of the terminal's foreground group, and none outside of it",
		Caveat:      "Outside are a job in the background, the shell itself while a job is in the foreground, and a process of another session.",
		Comparisons: []card.Comparison{card.Always(card.Seen, card.Of("interrupt")), card.Never(outside, card.Of("interrupt"))},
	}}
}

func runInterrupts(t card.Trial) (protocol.Measurement, error) {
	var strayed atomic.Int32
	m, err := card.TryTogether(t.Ops, abreast, func(int) (bool, error) {
		inside, outside, err := tryInterrupt(t)
		if outside > 0 {
			strayed.Add(1)
		}
		return inside == pipeline, err
	})
	if err != nil {
		return nil, err
	}
	m["outside"] = float64(strayed.Load())
	return m, nil
}

// tryInterrupt types a Ctrl-C and counts who gets it, in the foreground group and
// outside of it.
func tryInterrupt(t card.Trial) (inside, outside int, err error) {
	keyboard, line, err := terminal()
	if err != nil {
		return 0, 0, err
	}
	defer keyboard.Close()
	defer line.Close()
	stranger, err := start(peer.Part(t, 1, "child"))
	if err != nil {
		return 0, 0, err
	}
	defer stranger.close()
	if err := stranger.ask("hello"); err != nil {
		return 0, 0, err
	}
	program := slices.Concat(t.Env.Part, []string{t.Get(card.Key), "child"})
	cmd := peer.Part(t, 1, "shell", program...)
	attach(cmd, line)
	shell, err := start(cmd)
	if err != nil {
		return 0, 0, err
	}
	defer shell.close()
	if err := shell.expect(ready); err != nil {
		return 0, 0, err
	}
	if _, err := keyboard.Write([]byte{ctrlC}); err != nil {
		return 0, 0, fmt.Errorf("typing a Ctrl-C on a terminal: %w", err)
	}
	if err := shell.tell("who got it?"); err != nil {
		return 0, 0, err
	}
	answer, err := shell.line()
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscan(answer, &inside, &outside); err != nil {
		return 0, 0, fmt.Errorf("a shell wrote %.80q, want how many got a Ctrl-C: %w", answer, err)
	}
	is, err := stranger.interrupted()
	return inside, outside + is, err
}

// interrupted makes a process end that listens, and returns 1 if it got SIGINT
// before, 0 if not.
func (c *child) interrupted() (int, error) {
	if c.ask("did you hear?") == nil {
		_ = c.tell(end + "0") // it ends, or has ended
	}
	how, err := c.join()
	switch {
	case err != nil:
		return 0, err
	case how == ending{code: interrupted}:
		return 1, nil
	case how == ending{code: 0}:
		return 0, nil
	}
	return 0, fmt.Errorf("a process that listens for SIGINT ended with %v", how)
}

// listen is a child that works on until it gets SIGINT, also where this process
// was started with that ignored, as in the background of a script.
func listen([]string) error {
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGINT)
	go func() {
		<-heard
		os.Exit(interrupted)
	}()
	return serve(nil)
}

// shell is the part that leads the session on the terminal, which it has as its
// file 3. It starts its jobs, of which args are the program, and when it is asked
// tells how many in the foreground and outside of it, itself included, got SIGINT.
func shell(args []string) error {
	if len(args) == 0 {
		return errors.New("starting a shell: it needs the program of its jobs")
	}
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGINT)
	front, err := startJob(args, pipeline)
	if err != nil {
		return err
	}
	back, err := startJob(args, 1)
	if err != nil {
		return err
	}
	if err := foreground(os.NewFile(3, "the terminal"), front[0].cmd.Process.Pid); err != nil {
		return err
	}
	fmt.Println(ready)
	if _, err := bufio.NewReader(proc.Stdin()).ReadString('\n'); err != nil {
		return fmt.Errorf("waiting for the trial's question: %w", err)
	}
	inside, outside := 0, 0
	for _, c := range front {
		if _, err := ended(c.cmd.Process, patience); err != nil {
			return err
		}
		is, err := c.interrupted()
		if err != nil {
			return err
		}
		inside += is
	}
	for _, c := range back {
		is, err := c.interrupted()
		if err != nil {
			return err
		}
		outside += is
	}
	fmt.Println(inside, outside+len(heard))
	return nil
}

// startJob starts processes that listen, in a process group of their own, whose
// number is that of the first.
func startJob(program []string, processes int) ([]*child, error) {
	var job []*child
	for range processes {
		cmd := proc.Command(program, os.Environ())
		if len(job) > 0 {
			enter(cmd, job[0].cmd.Process.Pid)
		}
		c, err := start(cmd)
		if err != nil {
			return nil, err
		}
		if err := c.ask("hello"); err != nil {
			return nil, err
		}
		job = append(job, c)
	}
	return job, nil
}
