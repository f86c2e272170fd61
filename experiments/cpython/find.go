package cpython

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parcon/experiments/card"
	"parcon/runner/proc"
)

// Variable is the environment variable that names the interpreter to measure where
// nothing else does, by its path or by its name on PATH.
const Variable = "PARCON_PYTHON"

// Python must be this new.
const oldest = "2.7"

// patience is how long an interpreter may take to say what it is.
const patience = 2 * time.Second

// Default is the name of the CPython that is measured where nobody names one.
func Default() string { return cmp.Or(os.Getenv(Variable), "python3") }

// Names are what variants call them.
func Names(all []Interpreter) []card.Python {
	var names []card.Python
	for _, i := range all {
		names = append(names, i.Name())
	}
	return names
}

// Find returns the CPython that Variable names, or else the python3 on PATH. The
// error says in one line why there is none, or none on which mechanisms can be measured.
// It takes tens of milliseconds, for python3 may be a script that looks for the true one:
// call it once.
func Find() (Interpreter, error) {
	name := Default()
	i, err := find(name)
	if err == nil && !i.Name().Modern() {
		err = fmt.Errorf("%s is older than 3.8", i)
	}
	if err != nil {
		return Interpreter{}, fmt.Errorf("looking for CPython as %s: %w: install CPython 3.8 or later, or set %s to its path", name, err, Variable)
	}
	return i, nil
}

// Search returns the CPythons of those names, paths or names on PATH, in their order, and
// says of each other one in one line why it is left out. Two of one version have one
// name in a result: the first is taken.
func Search(names []string) (found []Interpreter, left []error) {
	for _, name := range names {
		i, err := find(name)
		if err == nil && slices.ContainsFunc(found, func(other Interpreter) bool { return other.Name() == i.Name() }) {
			err = fmt.Errorf("%s was named already", i)
		}
		if err != nil {
			left = append(left, fmt.Errorf("looking for CPython as %s: %w: nothing is measured on it", name, err))
			continue
		}
		found = append(found, i)
	}
	return found, left
}

func find(name string) (Interpreter, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return Interpreter{}, err
	}
	// A shim needs its environment, and an old Python does not know -I.
	answer, err := ask([]string{path, "-E", "-s", "-c", question}, os.Environ(), patience)
	if err != nil {
		return Interpreter{}, err
	}
	i, err := Parse(answer)
	if err != nil {
		return Interpreter{}, err
	}
	if !filepath.IsAbs(i.Path) {
		return Interpreter{}, fmt.Errorf("it says that its path is %q, which is not a whole one", i.Path)
	}
	// What answers now is what will be measured.
	if answer, err = ask(i.command(question), nil, patience); err != nil {
		return Interpreter{}, fmt.Errorf("starting %s with an empty environment: %w", i.Path, err)
	}
	return Parse(answer)
}

// question makes any Python, also version 2, say what it is. It imports only
// what is built in: a module of another name may lie in the working directory.
const question = `import sys
name = getattr(getattr(sys, "implementation", None), "name", "cpython")
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
print("%s %s %d %s" % (name, sys.version.split()[0], gil, sys.executable))`

// Parse reads what an interpreter says of itself, "cpython 3.11.7 1 /usr/bin/python3":
// implementation, version, whether it has a GIL, path. It refuses what is no
// CPython or is too old.
func Parse(answer string) (Interpreter, error) {
	answer = strings.TrimRight(answer, "\r\n")
	fields := strings.SplitN(answer, " ", 4)
	if len(fields) != 4 || strings.ContainsAny(answer, "\r\n") {
		return Interpreter{}, fmt.Errorf("%q is not the answer of a Python", answer)
	}
	name, number, gil, path := fields[0], fields[1], fields[2], fields[3]
	if name != "cpython" {
		return Interpreter{}, fmt.Errorf("it is %q, no CPython", name)
	}
	p := card.Python(number)
	if !p.Named() || !p.GIL() || strings.Count(number, ".") != 2 { // a t would be no part of a version
		return Interpreter{}, fmt.Errorf("%q is no version of the form 3.11.7", number)
	}
	if !p.AtLeast(2, 7) {
		return Interpreter{}, fmt.Errorf("CPython %s is older than %s", number, oldest)
	}
	if gil != "0" && gil != "1" {
		return Interpreter{}, fmt.Errorf("%q is not the answer of a Python: %q for its GIL", answer, gil)
	}
	if path == "" || path == "None" {
		return Interpreter{}, errors.New("it does not know its own path")
	}
	return Interpreter{Path: path, Version: number, GIL: gil == "1"}, nil
}

// ask runs a command that answers within the limit.
func ask(argv, env []string, limit time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var out, complaint tail
	c := proc.Command(argv, env)
	c.Stdout, c.Stderr = &out, &complaint
	c.WaitDelay = time.Second
	if err := proc.Start(c); err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { proc.Kill(c) })
	err := c.Wait()
	stop()
	proc.Kill(c) // what it may have started
	switch reason := complaint.lastLine(); {
	case ctx.Err() != nil:
		return "", fmt.Errorf("no answer within %v", limit)
	case errors.Is(err, exec.ErrWaitDelay):
		return "", errors.New("it ended, and a process that it started holds its output")
	case err != nil && reason != "":
		return "", errors.New(reason)
	case err != nil:
		return "", fmt.Errorf("it ended with %w", err)
	}
	return string(out.kept), nil
}
