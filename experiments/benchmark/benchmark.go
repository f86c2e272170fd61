// Package benchmark builds the Go benchmarks of a module and runs them one at a time, each
// in a fresh process, in the folder of its package, for a fixed number of iterations.
//
// Where the linker puts functions moves the time of a benchmark by some percent, as any
// change elsewhere in the program does (Mytkowicz, Diwan, Hauswirth and Sweeney, Producing
// wrong data without doing anything obviously wrong, ASPLOS 2009). So programs are linked
// again and again, with the functions in another random order each time, as Stabilizer does
// while a program runs (Curtsinger and Berger, Stabilizer: statistically sound performance
// evaluation, ASPLOS 2013): go test -c with -ldflags=-randlayout=N, of which the compiler's
// part comes from the build cache. Two programs of the same functions have them in the same
// order if N is the same. Where a change adds a function or takes one away their orders have nothing
// in common: then the luck of two is in a round, as likely to favour one side as the other, and of
// nothing in the next. And every function begins with a line of the cache (-funcalign),
// not within one by the luck of those before it. On three modules of others a change of 3 %
// in the tests themselves then strayed by 1 to 5 % from layout to layout, without the latter
// by 1 to 9 %.
//
// What others do on a machine only ever lengthens a run, and most of all one that is longer
// than a turn on a core. So a process runs a benchmark several times for a short stretch, of
// which the fastest counts (Chen and Revels, Robust benchmarking in noisy environments, HPEC
// 2016): beside ten other processes on two cores the means of processes of 75 ms strayed by
// 20 to 50 % from each other, and the fastest of 32 stretches of 1 ms by 0.1 to 1.2 %.
package benchmark

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"parcon/experiments/tool"
)

// A Side is a module, or a part of one, in one state.
type Side struct {
	box    tool.Box
	dir    string // where the go command is started
	linker string // the user's own flags for the linker, and a space
}

// Open asks the go command what it goes by in a folder.
func Open(ctx context.Context, box tool.Box, dir string) (Side, error) {
	out, err := box.Output(ctx, dir, "go", "env", "GOFLAGS")
	if err != nil {
		return Side{}, fmt.Errorf("asking the go command for GOFLAGS: %w", err)
	}
	return Side{box, dir, linkerFlags(out)}, nil
}

// A Package has benchmarks.
type Package struct {
	Path string // as it is imported
	Dir  string
}

// Packages lists those that patterns name, and that have benchmarks. bad says of which
// there is something wrong.
func (s Side) Packages(ctx context.Context, patterns []string) (all []Package, bad []string, err error) {
	argv := append([]string{"go", "list", "-e", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles,Error", "--"}, patterns...)
	out, err := s.box.Output(ctx, s.dir, argv...)
	if err != nil {
		return nil, nil, fmt.Errorf("listing packages: %w", err)
	}
	for in := json.NewDecoder(strings.NewReader(out)); in.More(); {
		var p struct {
			ImportPath, Dir           string
			TestGoFiles, XTestGoFiles []string
			Error                     *struct{ Err string }
		}
		if err := in.Decode(&p); err != nil {
			return nil, nil, fmt.Errorf("reading the list of packages: %w", err)
		}
		files := append(p.TestGoFiles, p.XTestGoFiles...)
		switch {
		case hasBenchmarks(p.Dir, files):
			all = append(all, Package{p.ImportPath, p.Dir})
		case p.Error != nil && len(files) == 0 && !strings.Contains(p.Error.Err, "no Go files"):
			bad = append(bad, fmt.Sprintf("%s: %s", p.ImportPath, tool.Reason(p.Error.Err)))
		}
	}
	return all, bad, nil
}

// hasBenchmarks says whether test files hold any. One that cannot be read is for the go
// command to complain of.
func hasBenchmarks(dir string, files []string) bool {
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || bytes.Contains(text, []byte("func Benchmark")) {
			return true
		}
	}
	return false
}

// Program is the test program of a package, at that path.
func (s Side) Program(p Package, path string) Program { return Program{s.box, path, p.Dir} }

// ErrNoLayout says that the linker is too old to put functions in another order.
var ErrNoLayout = errors.New("this linker has no -randlayout")

// Build builds the test program of a package. layout decides the order of its functions; 0
// is the linker's own. Like that of go test, which runs it at once, the program has no
// information for debuggers (-s -w): with it a link takes half as long again.
func (s Side) Build(ctx context.Context, p Package, layout int32, program string) error {
	said, err := s.box.Run(ctx, s.dir, s.build(p, layout, program)...)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return err
	case layout != 0 && (strings.Contains(said.Err, "-randlayout") || strings.Contains(said.Err, "-funcalign")):
		return ErrNoLayout
	}
	if line := tool.Reason(said.Err); line != "" {
		err = errors.New(line)
	}
	return fmt.Errorf("building the benchmarks of %s: %w", p.Path, err)
}

// build is the command that does it.
func (s Side) build(p Package, layout int32, program string) []string {
	flags := s.linker + "-s -w"
	if layout != 0 {
		flags += fmt.Sprintf(" %s%d -funcalign=%d", layoutFlag, layout, cacheLine)
	}
	return []string{"go", "test", "-c", "-vet=off", "-o", program, "-ldflags=" + flags, p.Path}
}

const layoutFlag = "-randlayout="

// cacheLine is the size of a line of the cache in bytes, as most processors have it.
const cacheLine = 64

// linkerFlags are those that GOFLAGS hold, which a flag on the command line would replace,
// and a space.
func linkerFlags(goflags string) string {
	flags := ""
	for _, flag := range fields(goflags) {
		if value, ok := strings.CutPrefix(strings.TrimLeft(flag, "-"), "ldflags="); ok {
			flags = value + " "
		}
	}
	return flags
}

// fields splits as the go command splits GOFLAGS: a field may stand in quotes.
func fields(text string) (all []string) {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		end := strings.IndexAny(text, " \t\n")
		if quote := text[0]; quote == '"' || quote == '\'' {
			text = text[1:]
			end = strings.IndexByte(text, quote)
		}
		if end < 0 {
			return append(all, text)
		}
		all, text = append(all, text[:end]), text[end+1:]
	}
	return all
}
