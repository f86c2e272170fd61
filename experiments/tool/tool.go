// Package tool runs programs of others, as go, git and the test binaries of a module,
// of which nothing is left: neither they nor what they started outlive this process or
// their context.
package tool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"parcon/runner/proc"
)

// A Box starts programs behind a guard, see proc.Guarded.
type Box struct {
	Guard []string // path and arguments of a program that does what proc.Guard does
	Env   []string // of all of them
}

// With is the box with further variables of the environment.
func (b Box) With(env ...string) Box {
	b.Env = append(append([]string{}, b.Env...), env...)
	return b
}

// Said is what a program wrote.
type Said struct{ Out, Err string }

// Run runs a program in a folder to its end, or kills it at that of ctx, whose cause is the
// error then. What it said comes with an error too.
func (b Box) Run(ctx context.Context, dir string, argv ...string) (Said, error) {
	if err := ctx.Err(); err != nil {
		return Said{}, context.Cause(ctx)
	}
	// As a shell does: a program that asks for its folder is told this name of it.
	c := proc.Guarded(b.Guard, argv, append(append([]string{}, b.Env...), "PWD="+dir))
	out, complaint := proc.Head{Most: mostPrinted}, proc.Head{Most: mostPrinted}
	c.Dir, c.Stdout, c.Stderr, c.WaitDelay = dir, &out, &complaint, time.Second
	in, err := c.StdinPipe()
	if err != nil {
		return Said{}, fmt.Errorf("making a pipe for %s: %w", argv[0], err)
	}
	if err := proc.Start(c); err != nil {
		return Said{}, fmt.Errorf("starting %s: %w", argv[0], err)
	}
	stop := context.AfterFunc(ctx, func() { _ = in.Close() })
	err = c.Wait()
	stop()
	said := Said{out.String(), complaint.String()}
	switch {
	case ctx.Err() != nil:
		return said, context.Cause(ctx)
	case err == nil && (out.More || complaint.More):
		return said, fmt.Errorf("it printed more than %d MB: let it print less", mostPrinted>>20)
	}
	return said, err
}

// Output is Run of a program that says on standard error what went wrong: the first line
// of that is the error.
func (b Box) Output(ctx context.Context, dir string, argv ...string) (string, error) {
	said, err := b.Run(ctx, dir, argv...)
	if line := Reason(said.Err); err != nil && ctx.Err() == nil && line != "" {
		err = errors.New(line)
	}
	return said.Out, err
}

// Reason is the first line of a complaint that says something: the go command heads what
// a compiler says by the package, and tells what it fetches.
func Reason(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "go: downloading ") && !strings.HasPrefix(line, "warning: ") {
			return line
		}
	}
	return ""
}

// mostPrinted is how much is kept of what a program prints.
const mostPrinted = 16 << 20
