package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"parcon/experiments/child"
	"parcon/experiments/gobench"
	"parcon/experiments/remote/role"
)

// The test binary stands in for the parcon command in the scripts, and for its
// children.
func TestMain(m *testing.M) {
	gobench.Main()
	role.Child()
	child.Main()
	// Scripts wait for much of their time, for what they started: more of them than there are cores
	// take turns. The command line may say otherwise.
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"parcon": main, "exitcode": expectCode})
}

func TestScripts(t *testing.T) {
	programs := sync.OnceValues(func() (string, error) {
		dir := t.TempDir()
		return dir, buildPrograms(dir)
	})
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			if err := setUp(env); err != nil {
				return err
			}
			return seedCache(env, programs)
		},
		Condition: condition,
		Cmds:      scriptCommands,
	})
}

// setUp gives a script its environment: the go command, its caches and this module, with which
// the trial program is built, and folders of its own.
func setUp(env *testscript.Env) error {
	source, err := os.Getwd()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	env.Setenv("SOURCE", source)
	env.Setenv("SELF", self)
	env.Setenv("GOCACHE", goEnv("GOCACHE"))
	env.Setenv("GOMODCACHE", goEnv("GOMODCACHE"))
	if err := cutOff(filepath.Join(env.WorkDir, "truncated")); err != nil {
		return err
	}
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache")) // where the trial program goes
	env.Setenv("GOFLAGS", "-mod=mod")
	// A folder of its own, so that what is left there is seen.
	if err := os.MkdirAll(filepath.Join(env.WorkDir, "tmp"), 0o777); err != nil {
		return err
	}
	env.Setenv("TMPDIR", filepath.Join(env.WorkDir, "tmp"))
	for _, key := range []string{"GOPATH", "GOPROXY", "GONOSUMDB", "GONOSUMCHECK", "GOSUMDB", "LOCALAPPDATA"} {
		if v := os.Getenv(key); v != "" {
			env.Setenv(key, v)
		}
	}
	return nil
}

// condition tells what a script may ask for.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "mounts":
		return canMount(), nil
	case "threadlimit":
		return canLimitThreads(), nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// scriptCommands are those that scripts have besides testscript's.
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"onelinestderr": oneLine,
	"cut":           cutAfter,
	"sameorder":     sameOrder,
	"addline":       addLine,
	"waitlines":     waitLines,
	"family":        family,
	"gone":          gone,
	"onlyfiles":     onlyFiles,
	"leftovers":     leftovers,
	"underway":      underway,
	"fewthreads":    fewThreads,
	"killchild":     killChild,
	"hangup":        hangUp,
	"waitrole":      waitRole,
	"ownprograms":   ownPrograms,
	"natsserver":    natsServer,
	"freeport":      freePort,
	"waittext":      waitText,
	"somebody":      somebody,
	"nobody":        nobody,
	"tree":          tree,
	"untouched":     untouched,
}

// goEnv is what the go command goes by.
func goEnv(key string) string {
	out, err := exec.Command("go", "env", key).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// oneLine fails unless the last command wrote one line of error, beginning with
// the program's name.
func oneLine(ts *testscript.TestScript, _ bool, _ []string) {
	text := strings.TrimSuffix(ts.ReadFile("stderr"), "\n")
	if strings.Contains(text, "\n") || !strings.HasPrefix(text, "parcon: ") {
		ts.Fatalf("stderr is not one line of parcon's:\n%s", text)
	}
}

// expectCode is a command for scripts that runs a command line of parcon and
// compares its exit code; testscript's exec only tells zero from others.
// Usage: exec exitcode CODE ARG...
func expectCode() {
	got := execute(context.Background(), os.Args[2:], os.Stdout, os.Stderr)
	if fmt.Sprint(got) != os.Args[1] {
		fmt.Fprintf(os.Stderr, "exit code %d, want %s\n", got, os.Args[1])
		os.Exit(1)
	}
}

// cutOff makes the file of a run that was killed while it wrote a line.
func cutOff(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return nil // not the script that needs it
	}
	text := "cores: 2\n\nBenchmarkSingle/workload=primes/model=serial/workers=1 32 2000 ns/op 0 round\n" +
		"BenchmarkSingle/workload=primes/model=serial/workers=1 32 20"
	return os.WriteFile(filepath.Join(dir, trialsFile), []byte(text), 0o666)
}

// cutAfter keeps a file's first result lines and half of the next one.
// Usage: cut LINES FILE
func cutAfter(ts *testscript.TestScript, _ bool, args []string) {
	keep, err := strconv.Atoi(args[0])
	ts.Check(err)
	path := ts.MkAbs(args[1])
	var kept strings.Builder
	for line := range strings.Lines(ts.ReadFile(path)) {
		if strings.HasPrefix(line, "Benchmark") {
			if keep--; keep < 0 {
				kept.WriteString(line[:len(line)/2])
				break
			}
		}
		kept.WriteString(line)
	}
	ts.Check(os.WriteFile(path, []byte(kept.String()), 0o666))
}

// addLine adds a line after the one line that holds a text.
// Usage: addline TEXT LINE FILE
func addLine(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[2])
	before, after, found := strings.Cut(ts.ReadFile(path), args[0])
	if !found {
		ts.Fatalf("%s has no line with %q", path, args[0])
	}
	ts.Check(os.WriteFile(path, []byte(before+args[0]+"\n"+args[1]+after), 0o666))
}

// sameOrder fails unless two result files hold the same variants in the same
// order.
func sameOrder(ts *testscript.TestScript, _ bool, args []string) {
	order := func(path string) (names []string) {
		for line := range strings.Lines(ts.ReadFile(ts.MkAbs(path))) {
			if name, _, ok := strings.Cut(line, " "); ok && strings.HasPrefix(name, "Benchmark") {
				names = append(names, name)
			}
		}
		return names
	}
	if a, b := order(args[0]), order(args[1]); !slices.Equal(a, b) {
		ts.Fatalf("the orders differ:\n%v\n%v", a, b)
	}
}
