package testbed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"parcon/experiments/child"
	"parcon/experiments/cpython"
	"parcon/experiments/remote"
	"parcon/runner/proc"
)

// Programs are those that a run starts: one for each trial, and smaller ones for
// processes that only work on tasks, play a part in a mechanism, or do nothing.
type Programs struct {
	Name      string                // "small", or "parcon itself", which starts more slowly
	Trial     []string              // path and leading arguments, before a role
	Worker    []string              // the same before a mode; empty: Trial in the role of a worker
	Part      []string              // before the name of a mechanism; empty: Trial in that role
	Empty     []string              // ends at once; empty: Trial in that role
	Server    []string              // before a model; empty: Trial in the role of a server
	NetServer []string              // the same for those on Go's network packages
	Queue     []string              // before a role of package remote
	Pythons   []cpython.Interpreter // in the order in which they were named

	sums string // of each, after its name
}

// Identity says which programs they are: Name, and the beginning of the SHA-256
// of each.
//
//	small trial:0123456789ab worker:0123456789ab part:0123456789ab empty:0123456789ab ...
//	parcon itself self:0123456789ab
func (p Programs) Identity() string { return p.Name + " " + p.sums }

// Self makes the running program both. It must call child.Main first thing.
func Self() (Programs, error) {
	path, err := self()
	if err != nil {
		return Programs{}, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Programs{}, fmt.Errorf("reading this program: %w", err)
	}
	return Programs{Name: "parcon itself", Trial: []string{path, child.Argument}, Queue: []string{path, child.Argument, remote.Child}, sums: sumOf("self", text)}, nil
}

// self is the path of this very program, whatever is built into its place while it
// runs.
func self() (string, error) {
	if running := fmt.Sprintf("/proc/%d/exe", os.Getpid()); runtime.GOOS == "linux" && readable(running) {
		return running, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding the path of this program: %w", err)
	}
	return path, nil
}

// Guard is this program in the role of a guard, see proc.Guarded. It must call child.Main
// first thing.
func Guard() ([]string, error) {
	path, err := self()
	return []string{path, child.Argument, child.Guard}, err
}

// Cache is parcon's folder among the user's caches, or a temporary one for who has none.
func Cache() string { return bases()[0] }

// Reserve gets room for this process, or says that there is none. It must call
// child.Main first thing.
func Reserve(r proc.Room) error {
	path, err := self()
	if err != nil {
		return err
	}
	return r.Reserve([]string{path, child.Argument, child.Room})
}

func readable(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

func sumOf(name string, text []byte) string {
	return fmt.Sprintf("%s:%.6x", name, sha256.Sum256(text))
}

// small are the programs of experiments/programs.
var small = []string{"trial", "worker", "part", "empty", "server", "netserver", "queue"}

// Build builds the small programs of experiments/programs and puts them into
// the user's cache folder, under their hash: what a run uses is never replaced.
// It needs the go command and, as the working folder, parcon's source as it was
// when this program was built; `go run .` has both by nature.
func Build(ctx context.Context) (Programs, error) {
	root, err := source(ctx)
	if err != nil {
		return Programs{}, err
	}
	var unfit error
	for _, base := range bases() {
		dir, set, err := buildIn(ctx, base, root)
		if err == nil {
			return programsIn(dir, set), nil
		}
		if ctx.Err() != nil || !errors.As(err, &folderError{}) {
			return Programs{}, err
		}
		unfit = errors.Join(unfit, err)
	}
	return Programs{}, fmt.Errorf("%s: name a folder from which programs may be run with XDG_CACHE_HOME",
		strings.ReplaceAll(unfit.Error(), "\n", "; "))
}

// bases are the folders that may hold programs, the best first.
func bases() []string {
	temporary := filepath.Join(os.TempDir(), fmt.Sprintf("parcon-%d", os.Getuid()))
	cache, err := os.UserCacheDir()
	if err != nil {
		return []string{temporary}
	}
	return []string{filepath.Join(cache, "parcon"), temporary}
}

func programsIn(dir string, set programs) Programs {
	var sums []string
	path := map[string]string{}
	for _, name := range small {
		sums = append(sums, sumOf(name, set[name]))
		path[name] = filepath.Join(dir, name+suffix())
	}
	return Programs{
		Name:      "small",
		Trial:     []string{path["trial"], child.Argument},
		Worker:    []string{path["worker"]},
		Part:      []string{path["part"]},
		Empty:     []string{path["empty"]},
		Server:    []string{path["server"]},
		NetServer: []string{path["netserver"]},
		Queue:     []string{path["queue"]},
		sums:      strings.Join(sums, " "),
	}
}

func suffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// source is the folder of parcon's source, which must be what this program was
// built from as far as version control tells: else the programs of trials would
// be others than the claims and the names of this one.
func source(ctx context.Context) (string, error) {
	const way = "start it in the folder of its source, with the go command at hand"
	out, err := output(ctx, ".", buildEnv(""), "go", "list", "-m", "-f", "{{.Path}} {{.Dir}}")
	if err != nil {
		return "", fmt.Errorf("looking for parcon's source with the go command: %w: %s", err, way)
	}
	own, known := debug.ReadBuildInfo()
	name, root, _ := strings.Cut(out, " ")
	if known && name == "command-line-arguments" { // so go list calls what is of no module
		return "", fmt.Errorf("looking for parcon's source: this folder is of no module: %s", way)
	}
	if known && name != own.Main.Path {
		return "", fmt.Errorf("looking for parcon's source: this folder is of the module %s: %s", name, way)
	}
	if !known {
		return root, nil
	}
	revision, modified := stamp(own)
	if revision == "" || modified {
		return root, nil // nothing to compare with
	}
	state, err := output(ctx, root, os.Environ(), "git", "status", "--porcelain=v2", "--branch", "--", "*.go", "*.py", "go.mod", "go.sum")
	if err != nil {
		return root, nil // no history here
	}
	_, here, _ := strings.Cut(state, "# branch.oid ")
	here, _, _ = strings.Cut(here, "\n")
	if here != revision {
		return "", fmt.Errorf("the source in %s is of revision %.12s, this program was built from %.12s: build it again, or start it beside its own source", root, here, revision)
	}
	for line := range strings.Lines(state) {
		if !strings.HasPrefix(line, "#") {
			return "", fmt.Errorf("the source in %s was edited since this program was built from it: build it again", root)
		}
	}
	return root, nil
}

// stamp is what the build noted of version control.
func stamp(info *debug.BuildInfo) (revision string, modified bool) {
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			modified = s.Value == "true"
		}
	}
	return revision, modified
}

// buildEnv is this process's environment without what would build for another
// machine or module, or in another way. Where modules come from, and which go
// command, stays the user's. temp is the go command's own folder.
func buildEnv(temp string) []string {
	const ours = " GOOS GOARCH GOAMD64 GOARM GOARM64 GOFLAGS CGO_ENABLED GOEXPERIMENT GOWORK GO111MODULE GOTMPDIR GOGC GOMEMLIMIT GODEBUG GOMAXPROCS GOFIPS140 "
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		key, _, _ := strings.Cut(entry, "=")
		return strings.Contains(ours, " "+key+" ")
	})
	// Without cgo: a program that links the C library's resolver takes nearly
	// twice as long to start.
	env = append(env, "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, "GOFLAGS=-mod=readonly", "CGO_ENABLED=0", "GOWORK=off", "GO111MODULE=on")
	if temp != "" {
		env = append(env, "GOTMPDIR="+temp)
	}
	return env
}

// compile builds the small programs into a folder.
func compile(ctx context.Context, root, dir string) error {
	temp := filepath.Join(dir, "go")
	if err := os.Mkdir(temp, 0o700); err != nil {
		return folderError{fmt.Errorf("making a folder for the go command: %w", err)}
	}
	// Without what a debugger asks for they are linked in two thirds of the time.
	argv := []string{"go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s", "-o", dir + string(filepath.Separator)}
	for _, name := range small {
		argv = append(argv, "parcon/experiments/programs/"+name)
	}
	if _, err := output(ctx, root, buildEnv(temp), argv...); err != nil {
		return fmt.Errorf("building the small programs with the go command: %w", err)
	}
	return os.RemoveAll(temp)
}

// output runs a command of the preparation to its end, or to that of ctx, and
// returns what it printed, without the last line end. Its error is one line. Neither
// it nor what it starts outlives this process: the go command's compilers would.
func output(ctx context.Context, dir string, env []string, argv ...string) (string, error) {
	var out, complaint bytes.Buffer
	guard, err := Guard()
	if err != nil {
		return "", err
	}
	c := proc.Guarded(guard, argv, env)
	c.Dir, c.Stdout, c.Stderr = dir, &out, &complaint
	in, err := c.StdinPipe()
	if err != nil {
		return "", err
	}
	err = runTo(ctx, c, func() { _ = in.Close() })
	if line := reason(complaint.String()); err != nil && ctx.Err() == nil && line != "" {
		err = errors.New(line)
	}
	return strings.TrimRight(out.String(), "\n"), err
}

// reason is the first line of a complaint that says something: the go command
// heads what a compiler says by the package, and tells what it fetches.
func reason(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "go: downloading ") {
			return line
		}
	}
	return ""
}
