package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
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
}

// The promise of bench, on modules of others: a revision against itself, all benchmarks at
// once, and one in turn whose loop has 3 % more iterations, with the time that bench took and
// what the usual way finds and takes. It measures for an hour, so it is run by hand on a
// machine that does nothing else, and says how often a slow-down is planted in each module:
//
//	PARCON_BAR=10 go test -run TestBarOfBench -v -timeout 0 .
func TestBarOfBench(t *testing.T) {
	tries, err := strconv.Atoi(os.Getenv("PARCON_BAR"))
	if err != nil {
		t.Skip("PARCON_BAR is no number of tries")
	}
	var same, planted tally
	for _, p := range pinned {
		dir := fetched(t, p.module, p.version)
		same.add(benched(t, dir, anyOf(p.benchmarks)))
		plant(t, dir)
		for i := range tries {
			planted.add(benched(t, dir, anyOf(p.benchmarks[i%len(p.benchmarks):][:1])))
		}
	}
	t.Logf("the same code:  %v", same)
	t.Logf("3 %% slower:     %v", planted)
	if 20*(same.slower+same.faster) > same.compared {
		t.Errorf("of benchmarks that are the same more than 5 %% are called different")
	}
	if 10*planted.slower < 9*planted.compared {
		t.Errorf("a slow-down of 3 %% is found in less than 90 %% of tries")
	}
}

// anyOf is the pattern of these benchmarks.
func anyOf(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, "^Benchmark"+strings.ReplaceAll(name, "/", "$/^")+"$")
	}
	return strings.Join(all, "|")
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
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "i < b.N;", "i < b.N*103/100;")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// answerOfBench is what bench --json says, as far as it counts here.
type answerOfBench struct {
	Changes struct{ Rows []struct{ Verdict string } }
	Seconds float64
	Usual   []struct {
		Ratio     float64
		Different bool
	}
	UsualSeconds float64 `json:"usual_seconds"`
}

func benched(t *testing.T, dir, pattern string) (a answerOfBench) {
	t.Helper()
	t.Chdir(dir)
	var out, complaint strings.Builder
	code := execute(t.Context(), []string{"bench", "--bench", pattern, "--vs", "HEAD", "--usual=1s", "--json"}, &out, &complaint)
	if err := json.Unmarshal([]byte(out.String()), &a); err != nil || code != exitDone && code != exitWorse || len(a.Changes.Rows) == 0 {
		t.Fatalf("exit code %d, %v: %s", code, err, complaint.String())
	}
	t.Logf("%s: %+v", pattern, a)
	return a
}

// tally counts what both ways find.
type tally struct {
	compared, slower, faster int
	seconds                  float64
	usualSlower, usualFaster int
	usualSeconds             float64
}

func (n tally) String() string {
	return fmt.Sprintf("%d compared; bench: %d slower, %d faster, in %.0f s; the usual way: %d slower, %d faster, in %.0f s",
		n.compared, n.slower, n.faster, n.seconds, n.usualSlower, n.usualFaster, n.usualSeconds)
}

func (n *tally) add(a answerOfBench) {
	n.seconds, n.usualSeconds = n.seconds+a.Seconds, n.usualSeconds+a.UsualSeconds
	for i, row := range a.Changes.Rows {
		n.compared++
		switch row.Verdict {
		case "slower":
			n.slower++
		case "faster":
			n.faster++
		}
		switch u := a.Usual[i]; {
		case u.Different && u.Ratio > 1:
			n.usualSlower++
		case u.Different:
			n.usualFaster++
		}
	}
}
