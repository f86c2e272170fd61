package results_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/perf/benchfmt"
	"pgregory.net/rapid"

	"parcon/results"
)

var machine = results.Setup{{Key: "goos", Value: "linux"}, {Key: "cpu", Value: "A processor @ 3 GHz"}}

func oneTask(results.Slot) int { return 1 }

// write makes a file of results and returns its path.
func write(t interface {
	Fatal(...any)
}, path string, trials []results.Result,
) {
	f, err := results.Create(path, machine, oneTask)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range trials {
		if err := f.Keep(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t interface {
	Fatal(...any)
	Context() context.Context
}, path string,
) (results.Setup, []results.Result) {
	setup, trials, bad, err := results.Read(t.Context(), path)
	if err != nil || len(bad) > 0 {
		t.Fatal("reading back:", err, bad)
	}
	return setup, trials
}

// anyResult draws a result with units as trials report them: times, which the
// format's readers turn into seconds, shares, bytes.
func anyResult(t *rapid.T) results.Result {
	r := results.Result{Slot: results.Slot{
		Experiment: rapid.SampledFrom([]string{"Compute", "Waiting"}).Draw(t, "experiment"),
		Variant:    rapid.SampledFrom([]string{"workload=primes/model=gil/workers=4", "workload=mix/cpu=25/model=loop/workers=1"}).Draw(t, "variant"),
		Round:      rapid.IntRange(0, 10_000).Draw(t, "round"),
		Position:   rapid.IntRange(0, 10_000).Draw(t, "position"),
	}}
	if rapid.Bool().Draw(t, "fails") {
		r.Failed = rapid.StringMatching(`[a-z:()%0-9äß-]+( [a-z|"'-]+){0,5}`).Draw(t, "reason")
		return r
	}
	r.Values = map[string]float64{}
	for _, unit := range []string{"ns/op", "cpu-ns/op", "cores-busy", "peak-rss-bytes", "p99-ns", "start-unix-s", "MB/s"} {
		if rapid.Bool().Draw(t, "has "+unit) {
			r.Values[unit] = rapid.Float64Range(0, 1e300).Draw(t, unit)
		}
	}
	return r
}

func TestReadGivesBackWhatWasKept(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfNDistinct(rapid.Custom(anyResult), 1, 5, func(r results.Result) int { return r.Round }).Draw(t, "results")
		n++
		path := filepath.Join(dir, fmt.Sprint(n))
		write(t, path, want)
		setup, got := read(t, path)
		if diff := cmp.Diff(machine, setup); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Whatever a child writes to standard error must make one line that is read
// back as a failure of that trial.
func TestAnyReasonStaysAFailure(t *testing.T) {
	dir := t.TempDir()
	n := 0
	try := func(t interface {
		Context() context.Context
		Fatal(...any)
		Fatalf(string, ...any)
	}, reason string,
	) {
		n++
		path := filepath.Join(dir, fmt.Sprint(n))
		slot := results.Slot{Experiment: "Compute", Variant: "workload=primes/model=gil", Round: 2, Position: 3}
		write(t, path, []results.Result{{Slot: slot, Failed: reason}, {Slot: slot, Values: map[string]float64{"ns/op": 5}}})
		_, got := read(t, path)
		if len(got) != 2 || got[0].Slot != slot || got[0].Failed == "" || got[0].Values != nil || got[1].Failed != "" {
			t.Fatalf("reason %q: got %+v", reason, got)
		}
	}
	for _, reason := range []string{
		"exit status 3", "a/b=c", "two\nlines", "a\ttab", "no\u00a0break\u2028line", "nul\x00", "\x1b[31mred",
		strings.Repeat("ä", 300), "_", " ", "\n", "\xff\xfe", "/failed=x", "BenchmarkX 1 2 ns/op", "-8", "",
	} {
		if reason != "" {
			try(t, reason)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		try(t, rapid.StringN(1, 300, -1).Draw(t, "reason"))
		try(t, string(rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "bytes")))
	})
}

func TestAFailedLineSaysWhy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.txt")
	write(t, path, []results.Result{{
		Slot: results.Slot{Experiment: "Compute", Variant: "model=gil"}, Failed: "the trial's process\x1bended:\texit status 3",
	}})
	if _, got := read(t, path); got[0].Failed != "the trial's process ended: exit status 3" {
		t.Errorf("failed because of %q", got[0].Failed)
	}
}

// What a trial says may be anything: what the reader would refuse is not kept.
func TestWhatIsNoMeasurementIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.txt")
	file, err := results.Create(path, machine, oneTask)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	slot := results.Slot{Experiment: "Compute", Variant: "model=gil"}
	for _, values := range []map[string]float64{
		{"ns/op": math.NaN()},
		{"ns/op": 5, "cores-busy": math.Inf(1)},
		{"ns/op": -5},
		{"peak-rss-bytes": 5, "life-ns": -1},
		{"ns/op": 5, "round": 3},
		{"ns/op": 5, "failed": 0},
		{"ns/op": 5, "": 1},
		{"ns/op": 5, "a b": 1},
		{"ns/op": 5, "a\nBenchmarkX": 1},
		{"ns/op": 5, "\x1b[31m": 1},
		{"ns/op": 5, "\xff": 1},
		{"ns/op": 5, strings.Repeat("x", 1000): 1},
	} {
		err := file.Keep(results.Result{Slot: slot, Values: values})
		if err == nil || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 300 {
			t.Errorf("%v: %v", values, err)
		}
	}
	if err := file.Keep(results.Result{Slot: slot, Values: map[string]float64{"ns/op": 0, "rss-growth": -7}}); err != nil {
		t.Error(err)
	}
	if _, got := read(t, path); len(got) != 1 || got[0].Values["rss-growth"] != -7 {
		t.Errorf("%+v", got)
	}
}

// Who deletes a run's folder while it is measured is told at once.
func TestAFileThatIsGoneIsNotWritten(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be deleted")
	}
	good := results.Result{Slot: results.Slot{Experiment: "Compute", Variant: "model=gil"}, Values: map[string]float64{"ns/op": 5}}
	for name, harm := range map[string]func(path string) error{
		"deleted":  os.Remove,
		"replaced": func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o666)) },
		"moved":    func(path string) error { return os.Rename(path, path+".old") },
	} {
		path := filepath.Join(t.TempDir(), "trials.txt")
		file, err := results.Create(path, machine, oneTask)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := errors.Join(file.Keep(good), harm(path)); err != nil {
			t.Fatal(err)
		}
		if err := file.Keep(good); err == nil || !strings.Contains(err.Error(), "deleted or replaced") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCreateRefusesAFileThatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.txt")
	write(t, path, []results.Result{{Slot: results.Slot{Experiment: "Compute", Variant: "model=gil"}}})
	before, _ := os.ReadFile(path)
	_, err := results.Create(path, machine, oneTask)
	if err == nil || !strings.Contains(err.Error(), "--resume") || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
	if _, err := results.Create(filepath.Join(path, "below"), machine, oneTask); err == nil || !strings.Contains(err.Error(), "--out") {
		t.Errorf("error %v of a path below a file", err)
	}
}

func five() []results.Result {
	var trials []results.Result
	for i := range 5 {
		trials = append(trials, results.Result{
			Slot:   results.Slot{Experiment: "Compute", Variant: "workload=primes/model=gil", Round: i},
			Values: map[string]float64{"ns/op": float64(100 + i), "cores-busy": 0.5},
		})
	}
	return trials
}

// A run may be killed in the middle of a write: wherever the file ends then,
// Read and Append agree on which trials are done, and the file goes on whole.
func TestAFileThatWasCutAnywhereGoesOn(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	write(t, whole, five())
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for length := range len(text) + 1 {
		path := filepath.Join(dir, fmt.Sprint(length))
		if err := os.WriteFile(path, text[:length], 0o666); err != nil {
			t.Fatal(err)
		}
		_, done := read(t, path)
		complete := 0
		for line := range bytes.Lines(text[:length]) {
			if bytes.HasPrefix(line, []byte("Benchmark")) && line[len(line)-1] == '\n' {
				complete++
			}
		}
		if len(done) != complete {
			t.Fatalf("%d results in %q, want %d", len(done), text[:length], complete)
		}
		f, err := results.Append(path, machine, oneTask)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range five()[len(done):] {
			if err := f.Keep(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		setup, got := read(t, path)
		if diff := cmp.Diff(five(), got); diff != "" {
			t.Fatalf("cut after %d bytes and resumed: %s", length, diff)
		}
		if diff := cmp.Diff(machine, setup); diff != "" {
			t.Fatalf("cut after %d bytes and resumed: %s", length, diff)
		}
	}
}

// A cut line may be longer than the block in which Append looks for its start.
func TestAppendRemovesALongCutLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.txt")
	write(t, path, five())
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(bytes.Clone(before), strings.Repeat("x", 10_000)...), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := results.Append(path, machine, oneTask)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Errorf("%d bytes, want the %d before the cut line", len(after), len(before))
	}
}

func TestAppendToAMissingFileFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none")
	if _, err := results.Append(path, machine, oneTask); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, _, _, err := results.Read(t.Context(), path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestReadReturnsBadLinesBesideGoodOnes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.txt")
	text := "goos: linux\n" +
		"BenchmarkCompute/model=gil 4 5 ns/op 0 round 0 position\n" +
		"BenchmarkCompute/model=gil four 5 ns/op 1 round 0 position\n" +
		"a note of the user's\n" +
		"BenchmarkCompute/model=gil 4 6 ns/op 2 round\n" +
		"BenchmarkCompute/model=gil 4 6 ns/op 3\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	setup, trials, bad, err := results.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	want := []results.Result{
		{Slot: results.Slot{Experiment: "Compute", Variant: "model=gil"}, Values: map[string]float64{"ns/op": 5}},
		{Slot: results.Slot{Experiment: "Compute", Variant: "model=gil", Round: 2}, Values: map[string]float64{"ns/op": 6}},
	}
	if diff := cmp.Diff(want, trials); diff != "" {
		t.Error(diff)
	}
	if setup.Get("goos") != "linux" {
		t.Errorf("setup %v", setup)
	}
	var lines []string
	for _, b := range bad {
		lines = append(lines, b.Error())
	}
	if diff := cmp.Diff([]string{path + ":3: parsing iteration count: invalid syntax: the line is left out", path + ":6: missing units: the line is left out"}, lines); diff != "" {
		t.Error(diff)
	}
}

// The file is for benchstat and its kin too.
func TestOtherToolsReadTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.txt")
	trials := append(five(), results.Result{Slot: results.Slot{Experiment: "Compute", Variant: "model=gil"}, Failed: "exit status 3 / killed = yes"})
	write(t, path, trials)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := benchfmt.NewReader(f, path)
	n := 0
	for r.Scan() {
		switch line := r.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Error(line)
		case *benchfmt.Result:
			if line.GetConfig("cpu") != "A processor @ 3 GHz" {
				t.Errorf("cpu %q", line.GetConfig("cpu"))
			}
			if v, found := line.Value("sec/op"); n < 5 && (!found || math.Abs(v*1e9-float64(100+n)) > 1e-6) {
				t.Errorf("line %d: %v s, found: %v", n, v, found)
			}
			n++
		}
	}
	if r.Err() != nil || n != len(trials) {
		t.Errorf("%d lines, %v, want %d", n, r.Err(), len(trials))
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("goos: linux\n\nBenchmarkCompute/model=gil 4 5 ns/op 0 round 0 position\n"))
	f.Add([]byte("BenchmarkCompute/model=gil/failed=exit_status_3 1 1 failed 0 round\n"))
	f.Add([]byte("Benchmark 1 NaN round +Inf position\nBenchmarkX/failed= 1 1 failed\n"))
	f.Add([]byte("Unit ns/op better=higher\nUnit\nBenchmark"))
	f.Add([]byte("key:\nkey: value\nBenchmarkX 1 1 key\nkey: other\nBenchmarkX 1 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "trials.txt")
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		_, before, bad, err := results.Read(t.Context(), path)
		if err != nil || len(bad) > 0 {
			return
		}
		// What Append leaves is what Read saw.
		file, err := results.Append(path, nil, oneTask)
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		_, after, bad, err := results.Read(t.Context(), path)
		if err != nil || len(bad) > 0 || fmt.Sprint(after) != fmt.Sprint(before) {
			t.Fatalf("%v, then after Append %v, %v, %v", before, after, bad, err)
		}
	})
}

func ExampleFile_Keep() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "trials.txt")
	f, err := results.Create(path, results.Setup{{Key: "goos", Value: "linux"}}, func(results.Slot) int { return 32 })
	if err != nil {
		fmt.Println(err)
		return
	}
	slot := results.Slot{Experiment: "Compute", Variant: "workload=primes/model=gil", Round: 2, Position: 7}
	_ = f.Keep(results.Result{Slot: slot, Values: map[string]float64{"ns/op": 2e6, "cores-busy": 1}})
	slot.Position++
	_ = f.Keep(results.Result{Slot: slot, Failed: "exit status 3"})
	_ = f.Close()
	text, err := os.ReadFile(path)
	fmt.Print(string(text), err)
	// Output:
	// goos: linux
	//
	// BenchmarkCompute/workload=primes/model=gil 32 2e+06 ns/op 1 cores-busy 7 position 2 round 0 sitting
	// BenchmarkCompute/workload=primes/model=gil/failed=exit_status_3 1 1 failed 8 position 2 round 0 sitting
	// <nil>
}

// Looks at the machine are lines among the trials, and none of them: neither a report nor a
// run that is resumed counts one.
func TestLooksAreNoTrials(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.txt")
	f, err := results.Create(path, append(machine, results.Entry{Key: results.KeySeed, Value: "1"}, results.Entry{Key: results.KeyGOGC, Value: "100"}, results.Entry{Key: results.KeyProfile, Value: "quick"}), oneTask)
	if err != nil {
		t.Fatal(err)
	}
	seen := []map[string]float64{{"slow-tenth": 0.03, "start-unix-s": 1.7e9}, {"slow-tenth": 0.14, "others-busy": -0.1}}
	want := results.Result{Slot: results.Slot{Experiment: "Compute", Variant: "workload=primes/model=gil"}, Values: map[string]float64{"ns/op": 5}}
	if err := errors.Join(f.Look(seen[0]), f.Keep(want), f.Look(seen[1]), f.Close()); err != nil {
		t.Fatal(err)
	}
	setup, trials := read(t, path)
	if diff := cmp.Diff([]results.Result{want}, trials); diff != "" || setup.Get("goos") != "linux" {
		t.Error(diff, setup)
	}
	r, err := results.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	for r.Scan() {
		n++
	}
	if diff := cmp.Diff(seen, r.Looks); diff != "" || n != 1 || len(r.Bad) > 0 {
		t.Error(n, r.Bad, diff)
	}
	if err := f.Look(map[string]float64{"slow-tenth": math.NaN()}); err == nil {
		t.Error("a look that is no number is kept")
	}
}
