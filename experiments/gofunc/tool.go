package gofunc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"parcon/experiments/tool"
)

// A Tool is the user's go command. Neither it nor what it starts outlives this process.
type Tool struct{ box tool.Box }

// leastGo is the version whose language the copied packages are written in.
const leastGo = "1.26"

// NewTool finds the go command. guard is the path and arguments of a program in the role of
// proc.Guard, temp a folder that may be written to.
func NewTool(guard []string, temp string) (Tool, error) {
	t := Tool{tool.Box{Guard: guard, Env: toolEnvironment(temp)}}
	if _, err := exec.LookPath("go"); err != nil {
		return t, fmt.Errorf("there is no go command on the PATH: to measure a Go function parcon builds a program with it; install Go %s or later (https://go.dev/dl)", leastGo)
	}
	return t, nil
}

// old says that a version, as the go command tells it, is too old for parcon's code.
func old(version string) bool {
	var major, minor int
	n, _ := fmt.Sscanf(version, "go%d.%d", &major, &minor)
	return n == 2 && major == 1 && minor < 26
}

// complaint is what a go command said, and that it failed.
type complaint struct{ text string }

func (c complaint) Error() string {
	lines := said(c.text)
	switch len(lines) {
	case 0:
		return "the go command failed and did not say why"
	case 1:
		return lines[0]
	}
	return fmt.Sprintf("%s (and %d more lines)", lines[0], len(lines)-1)
}

// said are the lines that say something: the go command heads what a compiler says by the
// package, and tells what it fetches.
func said(text string) (all []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "go: downloading ") {
			all = append(all, line)
		}
	}
	return all
}

// run runs the go command in a folder and returns what it printed.
func (t Tool) run(ctx context.Context, dir string, args ...string) (string, error) {
	said, err := t.box.Run(ctx, dir, append([]string{"go"}, args...)...)
	var failed *exec.ExitError
	if ctx.Err() == nil && errors.As(err, &failed) {
		return "", complaint{said.Err}
	}
	return said.Out, err
}

// toolEnvironment is the user's, but that nothing is written beside their files: a go command that may
// change go.mod does, and one that asks version control what it builds lets that tidy up.
func toolEnvironment(temp string) []string {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "GOFLAGS=") || strings.HasPrefix(entry, "GOTMPDIR=")
	})
	var flags []string
	for _, flag := range strings.Fields(os.Getenv("GOFLAGS")) {
		if strings.TrimLeft(flag, "-") != "mod=mod" {
			flags = append(flags, flag)
		}
	}
	return append(env, "GOFLAGS="+strings.Join(flags, " "), "GOTMPDIR="+temp)
}
