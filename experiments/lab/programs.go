package lab

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"parcon/experiments/child"
	"parcon/experiments/cpython"
)

// Programs are those that a run starts: one for each trial, and smaller ones for
// processes that only work on tasks, play a part in a mechanism, or do nothing.
type Programs struct {
	Name   string              // "small", or "parcon itself", which starts more slowly
	Trial  []string            // path and leading arguments, before a role
	Worker []string            // the same before a mode; empty: Trial in the role of a worker
	Part   []string            // before the name of a mechanism; empty: Trial in that role
	Empty  []string            // ends at once; empty: Trial in that role
	Python cpython.Interpreter // zero if there is none
}

// Self makes the running program both. It must call child.Main first thing.
func Self() (Programs, error) {
	path, err := os.Executable()
	if err != nil {
		return Programs{}, fmt.Errorf("finding the path of this program: %w", err)
	}
	return Programs{Name: "parcon itself", Trial: []string{path, child.Argument}}, nil
}

// Build builds the small programs of experiments/programs into the user's
// cache folder, where the next run from the same source folder finds them
// unchanged. It needs the go command and parcon's source, which `go run .` has
// by nature.
//
// Without cgo: a program that links the C library's resolver takes nearly
// twice as long to start.
func Build() (Programs, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	module, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return Programs{}, fmt.Errorf("looking for parcon's source with the go command: %w", err)
	}
	bin := filepath.Join(cache, "parcon", fmt.Sprintf("%x", sha256.Sum256(module))[:16])
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return Programs{}, fmt.Errorf("making a folder for the trial program: %w", err)
	}
	build := exec.Command("go", "build", "-trimpath", "-o", bin+string(filepath.Separator),
		"parcon/experiments/programs/trial", "parcon/experiments/programs/worker",
		"parcon/experiments/programs/part", "parcon/experiments/programs/empty")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	build.Stderr = &stderr
	if err := build.Run(); err != nil {
		return Programs{}, fmt.Errorf("building the trial program with the go command: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	return Programs{
		Name:   "small",
		Trial:  []string{filepath.Join(bin, "trial"+suffix), child.Argument},
		Worker: []string{filepath.Join(bin, "worker"+suffix)},
		Part:   []string{filepath.Join(bin, "part"+suffix)},
		Empty:  []string{filepath.Join(bin, "empty"+suffix)},
	}, nil
}
