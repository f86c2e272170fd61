package gofunc

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parcon/experiments/gofunc/subject"
	"parcon/experiments/tasks/model"
	"parcon/runner"
	"parcon/runner/proc"
)

// A Program is a built one.
type Program struct {
	Path    string
	Folder  string        // in which its source seems to be, by its path
	Timeout time.Duration // of one call where it is called alone, and of a trial
}

// Called is what calls of the function one after another gave.
type Called struct {
	Answers []uint64
	Failed  int    // calls that returned an error
	First   string // the first of these, with its call
	Wall    time.Duration
	CPU     time.Duration
}

// Call calls the function with 0, 1, 2 ... in a process of its own, on one core.
func (p Program) Call(ctx context.Context, q subject.Question) (Called, error) {
	order, err := json.Marshal(q)
	if err != nil {
		return Called{}, err
	}
	cmd := proc.Command([]string{p.Path, subject.Reference}, append(environment(), "GOMAXPROCS=1"))
	said := &proc.Head{Most: mostSaid}
	cmd.Stderr, cmd.WaitDelay = said, time.Second
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return Called{}, err
	}
	if err := proc.Start(cmd); err != nil {
		return Called{}, fmt.Errorf("starting the trial program: %w", err)
	}
	late := time.AfterFunc(p.Timeout, func() { proc.Kill(cmd) })
	stop := context.AfterFunc(ctx, func() { proc.Kill(cmd) })
	_, _ = in.Write(append(order, '\n')) // a process that is gone says why below
	called, done, err := read(out, func() { late.Reset(p.Timeout) })
	inTime := late.Stop()
	stop()
	_ = in.Close()
	proc.Kill(cmd)
	ended := cmd.Wait()
	n := len(called.Answers)
	switch {
	case ctx.Err() != nil:
		return called, context.Cause(ctx)
	case err != nil || done:
		return called, err
	case !inTime:
		return called, fmt.Errorf("it did not return within %v when called with %d: give it longer with --timeout", p.Timeout, n)
	case proc.FirstLine(said.String()) != "":
		return called, fmt.Errorf("its process ended when it was called with %d: %s", n, proc.FirstLine(said.String()))
	case ended == nil:
		return called, fmt.Errorf("its process ended when it was called with %d: it must return and leave the process alone", n)
	}
	return called, fmt.Errorf("its process ended when it was called with %d: %w", n, ended)
}

// read reads what the program says of its calls. done: of all that it was to make.
func read(out io.Reader, next func()) (c Called, done bool, err error) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		next()
		var a subject.Answered
		if json.Unmarshal(lines.Bytes(), &a) != nil {
			return c, false, nil
		}
		switch {
		case a.Broken != "":
			return c, false, errors.New(a.Broken)
		case a.Wall > 0:
			c.Wall, c.CPU = a.Wall, min(a.CPU, a.Wall)
			return c, true, nil
		case a.Failed != "":
			if c.Failed++; c.Failed == 1 {
				c.First = fmt.Sprintf("called with %d it returned: %s", len(c.Answers), a.Failed)
			}
		}
		c.Answers = append(c.Answers, a.Answer)
	}
	return c, false, nil
}

// Case is a trial of so many calls under a model.
func Case(m model.Model, workers, cores int, called Called, unchecked bool, variant string) runner.Case {
	o := subject.Order{Model: m.Name, Workers: workers, Tasks: len(called.Answers), Answers: called.Answers, Unchecked: unchecked}
	if unchecked {
		o.Answers = slices.Clone(o.Answers)
		for i, a := range o.Answers {
			o.Answers[i] = subject.Unchecked(a)
		}
	}
	return runner.Case{Variant: variant, Tasks: o.Tasks, Procs: m.Procs(workers, cores), Order: o}
}

// Child runs trials.
func (p Program) Child() runner.Child {
	return runner.Child{Program: []string{p.Path, subject.Trial}, Env: environment(), Timeout: p.Timeout}
}

// Races runs one trial with the race detector and returns what it reports, "" if that is
// nothing. dir is a folder for the report. The error is that of the trial.
func (p Program) Races(ctx context.Context, c runner.Case, dir string) (report string, err error) {
	child := p.Child()
	child.Env = append(child.Env, "GORACE=halt_on_error=1 log_path='"+filepath.Join(dir, "race")+"'")
	_, err = child.Try(ctx, c)
	entries, errDir := os.ReadDir(dir)
	if errDir != nil {
		return "", errDir
	}
	for _, e := range entries {
		if text, errRead := os.ReadFile(filepath.Join(dir, e.Name())); errRead == nil && bytes.Contains(text, []byte("DATA RACE")) {
			return p.theirs(string(text)), err
		}
	}
	return "", err
}

// theirs is a report of the race detector without the frames of this program, which are two
// lines each, under the heads of their stacks.
func (p Program) theirs(report string) string {
	lines := strings.Split(report, "\n")
	var kept []string
	for i := 0; i < len(lines); i++ {
		frame := strings.HasPrefix(lines[i], "  ") && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "      ")
		ours := frame && (strings.Contains(lines[i], p.Folder) || strings.Contains(lines[i+1], p.Folder) || strings.Contains(lines[i], "main.main.") || strings.Contains(lines[i], "  main.main()"))
		switch {
		case ours:
			i++
		case strings.HasPrefix(lines[i], "====="):
		default:
			kept = append(kept, lines[i])
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// environment is the user's: the function may need it. How Go runs is the trial's to say.
func environment() []string {
	return append(slices.DeleteFunc(os.Environ(), func(entry string) bool {
		key, _, _ := strings.Cut(entry, "=")
		return key == "GOMAXPROCS" || key == "GOGC" || key == "GOMEMLIMIT" || key == "GORACE" || key == "GOTRACEBACK"
	}), "GOGC=100")
}

// mostSaid is what is kept of the complaints of a process.
const mostSaid = 64 << 10
