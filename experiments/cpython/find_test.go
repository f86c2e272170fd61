package cpython

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parcon/runner/proc/proctest"
)

func TestParse(t *testing.T) {
	for answer, want := range map[string]Interpreter{
		"cpython 3.8.0 1 /usr/bin/python3\n":       {"/usr/bin/python3", "3.8.0", true},
		"cpython 3.11.7 1 /a folder/python3 \r\n":  {"/a folder/python3 ", "3.11.7", true},
		"cpython 3.13.0rc1+ 0 /usr/bin/python3.13": {"/usr/bin/python3.13", "3.13.0rc1+", false},
		"cpython 4.0.0 1 /usr/bin/python4":         {"/usr/bin/python4", "4.0.0", true},
		"cpython 2.7.18 1 /usr/bin/python2":        {"/usr/bin/python2", "2.7.18", true},
	} {
		if i, err := Parse(answer); err != nil || i != want {
			t.Errorf("%q: %+v, %v, want %+v", answer, i, err, want)
		}
	}
	for answer, want := range map[string]string{
		"":                              `"" is not the answer of a Python`,
		"hello":                         `"hello" is not the answer of a Python`,
		"cpython 3.11.7 1":              `"cpython 3.11.7 1" is not the answer of a Python`,
		"cpython 3.11.7 1 /a\nb":        `"cpython 3.11.7 1 /a\nb" is not the answer of a Python`,
		"cpython 3.11.7 True /a":        `"cpython 3.11.7 True /a" is not the answer of a Python: "True" for its GIL`,
		"pypy 3.10.14 1 /usr/bin/pypy3": `it is "pypy", no CPython`,
		"cpython 2.6.9 1 /usr/bin/a":    "CPython 2.6.9 is older than 2.7",
		"cpython 3.13.0t 1 /usr/bin/a":  `"3.13.0t" is no version of the form 3.11.7`,
		"cpython 3.eleven.7 1 /usr/a":   `"3.eleven.7" is no version of the form 3.11.7`,
		"cpython 3.11 1 /usr/a":         `"3.11" is no version of the form 3.11.7`,
		"cpython -4.-1.0 1 /usr/a":      `"-4.-1.0" is no version of the form 3.11.7`,
		"cpython 3.11.7 1 ":             `it does not know its own path`,
		"cpython 3.11.7 1 None":         `it does not know its own path`,
	} {
		if i, err := Parse(answer); err == nil || err.Error() != want {
			t.Errorf("%q: %+v, %v, want %s", answer, i, err, want)
		}
	}
}

// What is not too old is taken, whatever its numbers.
func TestParseComparesVersions(t *testing.T) {
	const path = "/usr/bin/python3"
	rapid.Check(t, func(t *rapid.T) {
		major, minor := rapid.IntRange(0, 5).Draw(t, "major"), rapid.IntRange(0, 30).Draw(t, "minor")
		gil := rapid.IntRange(0, 1).Draw(t, "gil")
		version := fmt.Sprintf("%d.%d.%s", major, minor, rapid.SampledFrom([]string{"0", "17", "0a1", "0rc2+"}).Draw(t, "rest"))
		i, err := Parse(fmt.Sprintf("cpython %s %d %s\n", version, gil, path))
		if enough := 100*major+minor >= 207; enough != (err == nil) {
			t.Fatalf("%s: %v", version, err)
		}
		if err == nil && i != (Interpreter{path, version, gil == 1}) {
			t.Fatalf("%s: %+v", version, i)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("cpython 3.11.7 1 /usr/bin/python3\n")
	f.Add("cpython 99999999999999999999.8.0 1 /usr/bin/python3")
	f.Fuzz(func(t *testing.T, answer string) {
		i, err := Parse(answer)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: more than one line: %v", answer, err)
		}
		if err == nil && i.Path == "" {
			t.Errorf("%q: %+v", answer, i)
		}
	})
}

func TestFind(t *testing.T) {
	proctest.Tidy(t)
	i := python(t)
	if info, err := os.Stat(i.Path); err != nil || info.IsDir() {
		t.Errorf("%+v: %v", i, err)
	}
	t.Setenv(Variable, i.Path)
	if again, err := Find(); err != nil || again != i {
		t.Errorf("by its path: %+v, %v, want %+v", again, err, i)
	}
}

// shell writes a program that stands for an interpreter.
func shell(t *testing.T, text string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	path := filepath.Join(t.TempDir(), "python3")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// A shim is run once, with the environment that it needs; then the interpreter
// itself is asked.
func TestFindResolvesAShim(t *testing.T) {
	proctest.Tidy(t)
	i := python(t)
	log := filepath.Join(t.TempDir(), "log")
	t.Setenv("SHIM_LOG", log)
	t.Setenv(Variable, shell(t, `echo once >> "$SHIM_LOG"; exec "`+i.Path+`" "$@"`))
	if found, err := Find(); err != nil || found != i {
		t.Errorf("%+v, %v, want %+v", found, err, i)
	}
	if text, err := os.ReadFile(log); err != nil || string(text) != "once\n" {
		t.Errorf("it was run %q, %v", text, err)
	}
}

// A module of the working directory must not be run.
func TestFindDoesNotImportFromTheWorkingDirectory(t *testing.T) {
	python(t)
	t.Chdir(t.TempDir())
	for _, module := range []string{"json.py", "os.py", "multiprocessing.py", "sitecustomize.py"} {
		if err := os.WriteFile(module, []byte("raise SystemExit('imported from the working directory')"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Find(); err != nil {
		t.Error(err)
	}
	measure(t, "create unit=thread n=1")
	if left, err := filepath.Glob("__pycache__"); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestFindSaysWhyThereIsNone(t *testing.T) {
	proctest.Tidy(t)
	const remedy = ": install CPython 3.8 or later, or set PARCON_PYTHON to its path"
	for text, want := range map[string]string{
		"echo pypy 3.10.14 1 /usr/bin/pypy3":                  `it is "pypy", no CPython`,
		"echo cpython 2.6.9 1 /usr/bin/python2":               "CPython 2.6.9 is older than 2.7",
		"echo usage: shim; echo more":                         `"usage: shim\nmore" is not the answer of a Python`,
		"echo first >&2; echo 'no version set' >&2; exit 127": "no version set",
		"echo cpython 3.11.7 1 bin/python3":                   `it says that its path is "bin/python3", which is not a whole one`,
		"sleep 1000 & exit 0":                                 "it ended, and a process that it started holds its output",
		"exit 3":                                              "it ended with exit status 3",
		"echo cpython 3.11.7 1 /nowhere/python3":              "starting /nowhere/python3 with an empty environment: fork/exec /nowhere/python3: no such file or directory",
	} {
		t.Setenv(Variable, shell(t, text))
		want = "looking for CPython as " + os.Getenv(Variable) + ": " + want + remedy
		if i, err := Find(); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %+v, %v\nwant %s", text, i, err, want)
		}
	}
	t.Setenv(Variable, "")
	t.Setenv("PATH", t.TempDir())
	if i, err := Find(); err == nil || !strings.HasPrefix(err.Error(), "looking for CPython as python3: ") || !strings.HasSuffix(err.Error(), remedy) {
		t.Errorf("nothing on PATH: %+v, %v", i, err)
	}
}

func TestNothingIsLeftOfWhatIsNoPython(t *testing.T) {
	left := filepath.Join(t.TempDir(), "left")
	t.Setenv(Variable, shell(t, "sleep 1000 >/dev/null 2>&1 & echo $! >"+left+"; echo garbage"))
	if _, err := Find(); err == nil || !strings.Contains(err.Error(), "garbage") {
		t.Error(err)
	}
	text, err := os.ReadFile(left)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return // gone
	}
	for end := time.Now().Add(30 * time.Second); p.Signal(syscall.Signal(0)) == nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d is left", pid)
		}
	}
}

func TestAskDoesNotWaitForEver(t *testing.T) {
	proctest.Tidy(t)
	argv := []string{shell(t, "sleep 1000 & wait")}
	if answer, err := ask(argv, os.Environ(), 20*time.Millisecond); err == nil || err.Error() != "no answer within 20ms" {
		t.Errorf("%q, %v", answer, err)
	}
}

// One that is missing, hangs or is old costs what was to be measured on it, and nothing else.
func TestSearchLeavesOutWhatItCannotMeasure(t *testing.T) {
	proctest.Tidy(t)
	i := python(t)
	old := shell(t, "echo cpython 2.6.9 1 /usr/bin/python2")
	found, left := Search([]string{"nowhere/python3", i.Path, old, i.Path})
	if len(found) != 1 || found[0] != i {
		t.Errorf("found %v", found)
	}
	for n, want := range []string{"nowhere/python3: ", old + ": CPython 2.6.9 is older than 2.7", i.Path + ": " + i.String() + " was named already"} {
		if n >= len(left) || !strings.HasPrefix(left[n].Error(), "looking for CPython as "+want) || !strings.HasSuffix(left[n].Error(), ": nothing is measured on it") {
			t.Errorf("left %v, want %s", left, want)
		}
	}
}
