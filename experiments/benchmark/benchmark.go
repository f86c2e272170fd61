// Package benchmark builds the Go benchmarks of a module and runs them one at a time, each
// in a fresh process, in the folder of its package, for a fixed number of iterations.
//
// Where the linker puts functions moves the time of a benchmark by some percent, as any
// change elsewhere in the program does (Mytkowicz, Diwan, Hauswirth and Sweeney, Producing
// wrong data without doing anything obviously wrong, ASPLOS 2009). So programs are linked
// again and again, with the functions in another random order each time, as Stabilizer does
// while a program runs (Curtsinger and Berger, Stabilizer: statistically sound performance
// evaluation, ASPLOS 2013): go test -c with -ldflags=-randlayout=N, of which the compiler's
// part comes from the build cache. That takes 0.25 to 0.4 s for the modules that were
// tried, on two cores.
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
// is the linker's own.
func (s Side) Build(ctx context.Context, p Package, layout int32, program string) error {
	argv := []string{"go", "test", "-c", "-vet=off", "-o", program}
	if layout != 0 {
		argv = append(argv, fmt.Sprintf("-ldflags=%s-randlayout=%d", s.linker, layout))
	}
	said, err := s.box.Run(ctx, s.dir, append(argv, p.Path)...)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return err
	case layout != 0 && strings.Contains(said.Err, "-randlayout"):
		return ErrNoLayout
	}
	if line := tool.Reason(said.Err); line != "" {
		err = errors.New(line)
	}
	return fmt.Errorf("building the benchmarks of %s: %w", p.Path, err)
}

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
