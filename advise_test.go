package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// runs says whether a process with this command line is there.
func runs(line string) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range files {
		text, _ := os.ReadFile(name)
		if strings.TrimSuffix(strings.ReplaceAll(string(text), "\x00", " "), " ") == line {
			return true
		}
	}
	return false
}

// somebody waits until a process with this command line is there, nobody until there is none:
// the one is what lets the other prove something.
// Usage: somebody LINE
func somebody(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, args[0]+" runs", func() bool { return runs(args[0]) })
}

func nobody(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, "nobody runs "+args[0], func() bool { return !runs(args[0]) })
}

func TestSizesOfMemory(t *testing.T) {
	for text, want := range map[string]float64{
		"1": 1, "1000": 1000, "500MB": 500 << 20, "2GB": 2 << 30, "2G": 2 << 30, "1.5 GiB": 1.5 * (1 << 30), "7k": 7 << 10, "1TB": 1 << 40, "12b": 12,
		"": 0, "MB": 0, "-1GB": 0, "much": 0, "1PB": 0, "NaN": 0, "1e300": 0, "1 2": 0, "Inf": 0,
	} {
		if got, err := size("--max-memory", text); (err == nil) != (want > 0) || got != want {
			t.Errorf("%q is %v, %v, want %v", text, got, err, want)
		}
	}
}
