package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"parcon/report/stat"
)

// pinned are modules of others, as the module proxy has them, and some of their benchmarks,
// whose loops go to b.N.
var pinned = []struct {
	module, version string
	benchmarks      []string
}{
	{"github.com/tidwall/gjson", "v1.18.0", []string{"Valid", "ValidBytes", "GoStdlibValidBytes"}},
	{"github.com/cespare/xxhash/v2", "v2.3.0", []string{"Sum64/100B", "Sum64/4KB", "DigestBytes/100B", "DigestBytes/4KB"}},
	{"github.com/rivo/uniseg", "v0.4.7", []string{"GraphemesFunctionString", "LineFunctionString", "SentenceFunctionString", "StepString", "WordFunctionString"}},
	// Bench was fitted to those above, and to none of these.
	{"github.com/minio/highwayhash", "v1.0.4", []string{"Write_64", "Write_1K", "Sum64_64", "Sum64_8K"}},
	{"github.com/mattn/go-runewidth", "v0.0.16", []string{"RuneWidth768/regular", "RuneWidth768/lut", "String1Width768/regular", "String1Width768/lut"}},
	{"github.com/tidwall/pretty", "v1.2.0", []string{"Pretty", "PrettySortKeys", "Ugly", "SpecInPlace"}},
}

// The promise of bench, on modules of others: of a revision against itself at most 5 % of
// benchmarks are called different, and one whose loop has 3 % more iterations than it counts is
// found in 90 % of tries, in the time that -count=10 of both sides takes. A try is one benchmark
// measured by itself, of the same code and slowed down in turn; beside one in four stands the
// usual way, which takes longest. It goes on for as long as it is told to, by hand, and prints rates with 95 % intervals:
//
//	PARCON_BAR=25m go test -run TestBarOfBench -v -timeout 0 .
func TestBarOfBench(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("PARCON_BAR"))
	if err != nil {
		t.Skip("PARCON_BAR is no duration")
	}
	var same, planted []string // folders of the modules
	for _, p := range pinned {
		dir := fetched(t, p.module, p.version)
		same = append(same, dir)
		planted = append(planted, fetched(t, p.module, p.version))
		plant(t, planted[len(planted)-1])
	}
	var equal, slower tally
	for i, ends := 0, time.Now().Add(length); time.Now().Before(ends); i++ {
		at := i % len(pinned)
		names := pinned[at].benchmarks
		pattern := exactly(names[i/len(pinned)%len(names)])
		beside := i%usualEvery == 0
		equal.add(benched(t, same[at], pattern, beside))
		slower.add(benched(t, planted[at], pattern, beside))
	}
	t.Logf("the same code: %v", equal)
	t.Logf("3 %% slower:    %v", slower)
	if called := stat.Rate(equal.slower+equal.faster, equal.tries); called.Low > 0.05 {
		t.Errorf("of benchmarks that are the same more than 5 %% are called different: %v", called)
	}
	if found := stat.Rate(slower.slower, slower.tries); found.High < 0.9 {
		t.Errorf("a slow-down of 3 %% is found in less than 90 %% of tries: %v", found)
	}
	for _, n := range []tally{equal, slower} {
		if n.seconds/float64(n.tries) > n.usualSeconds/float64(n.usual) {
			t.Errorf("bench takes longer than the usual way: %v", n)
		}
	}
}

// usualEvery is no multiple of the number of modules, so that each has its turn.
const usualEvery = 5

// exactly is the pattern of a benchmark.
func exactly(name string) string {
	return "^Benchmark" + strings.ReplaceAll(name, "/", "$/^") + "$"
}

// fetched makes a repository of a module.
func fetched(t *testing.T, module, version string) string {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", module+"@"+version).Output()
	var m struct{ Dir string }
	if none := json.Unmarshal(out, &m); err != nil || none != nil {
		t.Fatalf("downloading %s: %v, %v", module, err, none)
	}
	dir := filepath.Join(t.TempDir(), "module")
	if err := os.CopyFS(dir, os.DirFS(m.Dir)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", version}} {
		c := exec.Command("git", args...)
		c.Dir = dir
		if text, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %s", args, text)
		}
	}
	return dir
}

// loop is the condition of a benchmark's.
var loop = regexp.MustCompile(`i < ([bt])\.N;`)

// plant gives the loops of all benchmarks 3 % more iterations than they count.
func plant(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_ = os.Chmod(path, 0o600) // the module cache is read-only
		if err := os.WriteFile(path, loop.ReplaceAll(text, []byte("i < $1.N*103/100;")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// answerOfBench is what bench --json says, as far as it counts here.
type answerOfBench struct {
	Changes struct{ Rows []struct{ Verdict string } }
	Seconds float64
	Rounds  int
	Usual   []struct {
		Ratio     float64
		Different bool
	}
	UsualSeconds float64 `json:"usual_seconds"`
}

func benched(t *testing.T, dir, pattern string, beside bool) (a answerOfBench) {
	t.Helper()
	t.Chdir(dir)
	var out, complaint strings.Builder
	argv := []string{"bench", "--bench", pattern, "--vs", "HEAD", "--json"}
	if beside {
		argv = append(argv, "--usual=1s")
	}
	code := execute(t.Context(), argv, &out, &complaint)
	if err := json.Unmarshal([]byte(out.String()), &a); err != nil || code != exitDone && code != exitWorse || len(a.Changes.Rows) != 1 || beside != (len(a.Usual) == 1) {
		t.Fatalf("exit code %d, %v: %s", code, err, complaint.String())
	}
	t.Logf("%s: %+v", pattern, a)
	return a
}

// tally counts what both ways find.
type tally struct {
	tries, slower, faster           int
	seconds                         float64
	usual, usualSlower, usualFaster int
	usualSeconds                    float64
}

func (n tally) String() string {
	share := func(found, of int) string {
		r := stat.Rate(found, of)
		return fmt.Sprintf("%d (%.0f %%, %.0f to %.0f %%)", found, 100*r.Estimate, 100*r.Low, 100*r.High)
	}
	return fmt.Sprintf("bench, %d tries: slower %s, faster %s, in %.1f s each; the usual way, %d tries: slower %s, faster %s, in %.1f s each",
		n.tries, share(n.slower, n.tries), share(n.faster, n.tries), n.seconds/float64(n.tries),
		n.usual, share(n.usualSlower, n.usual), share(n.usualFaster, n.usual), n.usualSeconds/float64(n.usual))
}

func (n *tally) add(a answerOfBench) {
	n.tries++
	n.seconds, n.usualSeconds = n.seconds+a.Seconds, n.usualSeconds+a.UsualSeconds
	switch a.Changes.Rows[0].Verdict {
	case "slower":
		n.slower++
	case "faster":
		n.faster++
	}
	if len(a.Usual) == 0 {
		return
	}
	n.usual++
	switch u := a.Usual[0]; {
	case u.Different && u.Ratio > 1:
		n.usualSlower++
	case u.Different:
		n.usualFaster++
	}
}
