package benchmark

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parcon/experiments/tool"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// The test binary is the guard, and a program whose benchmarks are those below.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "guard" {
		if proc.Guard(proc.Stdin(), os.Args[2:]) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func box() tool.Box {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return tool.Box{Guard: []string{self, "guard"}, Env: append(os.Environ(), "INNER=yes", "GOFLAGS=")}
}

func self() Program { return Program{Box: box(), Path: box().Guard[0], Dir: "."} }

var sink int

func BenchmarkQuick(b *testing.B) {
	for range b.N {
		sink++
	}
	b.ReportMetric(3, "things/op")
}

func BenchmarkSubs(b *testing.B) {
	for _, name := range []string{"size=4k", "odd (name) [x]|/y-2"} {
		b.Run(name, func(b *testing.B) {
			fmt.Print("BenchmarkSubs/size=4k \t 1\t 7 ns/op\nno end of the line")
			for range b.N {
				sink++
			}
		})
	}
}

func BenchmarkOfTests(b *testing.B) {
	if os.Getenv("INNER") == "" {
		b.Skip("only as a program")
	}
	b.Run("fails", func(b *testing.B) { b.Log("said before"); b.Fatal("no luck") })
	b.Run("panics", func(*testing.B) { panic("oh dear") })
	b.Run("never", func(*testing.B) { time.Sleep(time.Hour) })
	b.Run("exits", func(*testing.B) { os.Exit(7) })
	b.Run("skips", func(b *testing.B) { b.Skip() })
}

func parsed(t testing.TB, text string) Pattern {
	t.Helper()
	p, err := ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFunctions(t *testing.T) {
	got, err := self().Functions(t.Context())
	if want := []string{"BenchmarkOfTests", "BenchmarkQuick", "BenchmarkSubs", "BenchmarkUneven"}; !slices.Equal(slices.Sorted(slices.Values(got)), want) || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// What a pilot finds can be run, whatever its name and whatever it prints.
func TestWhatAPilotFindsRuns(t *testing.T) {
	for _, procs := range []int{1, 2} {
		all, err := self().Pilot(t.Context(), parsed(t, "."), "BenchmarkSubs", procs, time.Millisecond)
		if err != nil || len(all) != 2 {
			t.Fatalf("%+v, %v", all, err)
		}
		for i, name := range []string{"Subs/size=4k", "Subs/odd_(name)_[x]|/y-2"} {
			b := all[i]
			if b.Name != name || b.Procs != procs || b.Iterations < 2 {
				t.Errorf("%+v", b)
			}
			b.Iterations = 17
			m, err := self().Run(t.Context(), b)
			if err != nil || !(m["ns/op"] > 0) || m["ns/op"] == 7 {
				t.Errorf("%s: %v, %v", b.FullName(), m, err)
			}
		}
	}
}

func TestAllUnitsAreKept(t *testing.T) {
	m, err := self().Run(t.Context(), Benchmark{"Quick", 1, 100, 3})
	if err != nil || m["things/op"] != 3 || len(m) != 4 {
		t.Errorf("%v, %v", m, err)
	}
}

func TestWhatFailsSaysWhy(t *testing.T) {
	for name, want := range map[string]string{
		"fails": `benchmark_test.go:\d+: no luck`, "panics": "panic: oh dear", "never": "too late", "exits": "exit", "skips": "it ended well and printed no result",
	} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, errors.New("too late"))
		if name == "never" {
			cancel()
			ctx, cancel = context.WithTimeoutCause(t.Context(), 300*time.Millisecond, errors.New("too late"))
		}
		m, err := self().Run(ctx, Benchmark{"OfTests/" + name, 1, 1, 2})
		cancel()
		if err == nil || !regexp.MustCompile(want).MatchString(err.Error()) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	all, err := self().Pilot(t.Context(), parsed(t, "Of/fails|Of/skips"), "BenchmarkOfTests", 1, time.Millisecond)
	if len(all) != 0 || err == nil || !strings.Contains(err.Error(), "BenchmarkOfTests: benchmark_test.go") {
		t.Errorf("a pilot: %v, %v", all, err)
	}
}

var uneven int

// Every other stretch of it takes longer. Each begins with a run of one iteration.
func BenchmarkUneven(b *testing.B) {
	if b.N > 1 {
		uneven++
	}
	b.ReportMetric(float64(uneven), "stretches")
	b.ReportMetric(float64(10-3*(uneven%2)), "ns/op")
}

// Of a process the fastest stretch is taken, with all that it says.
func TestTheFastestStretchCounts(t *testing.T) {
	m, err := self().Run(t.Context(), Benchmark{"Uneven", 1, 2, 4})
	if err != nil || m["ns/op"] != 7 || m["stretches"] != 1 {
		t.Errorf("%v, %v", m, err)
	}
}

func TestStretchesSuitWhatIsMeasured(t *testing.T) {
	for _, c := range []struct {
		ns, bytes             float64
		iterations, stretches int
	}{
		{1000, 0, 1000, 16},
		{1000, 16, 1000, 16},      // allocates little
		{1000, 256, 25000, 3},     // as long as any
		{1000, 4 << 10, 4096, 16}, // 16 MB are longer than the shortest
		{1000, 1 << 20, 1000, 16},
		{0, 0, 1e9, 16},
		{10e6, 0, 2, 3},
		{100e6, 0, 2, 1},
		{2e9, 0, 1, 1},
	} {
		b := Benchmark{"A", 1, 7, 1}.Fitted(protocol.Measurement{"ns/op": c.ns, "B/op": c.bytes})
		if b.Iterations != c.iterations || b.Stretches != c.stretches {
			t.Errorf("%+v: %+v", c, b)
		}
	}
}

// Where preparing takes most of a process's time stretches are longer, up to 25 ms, and a
// quarter of it.
func TestWhatPreparesItselfForLongHasLongerStretches(t *testing.T) {
	for _, c := range []struct {
		stretches  int
		process    time.Duration
		iterations int
	}{
		{16, 40 * time.Millisecond, 1000},
		{16, 64 * time.Millisecond, 1000},
		{2, 80 * time.Millisecond, 10_000},
		{1, time.Second, 25_000},
	} {
		b := Benchmark{"A", 1, 1000, c.stretches}.Lengthened(protocol.Measurement{"ns/op": 1000}, c.process)
		if b.Iterations != c.iterations || b.Stretches != c.stretches {
			t.Errorf("%+v: %+v", c, b)
		}
	}
}

func TestSamplesAreAsManyAsCounted(t *testing.T) {
	own := []Benchmark{{"Quick", 1, 5, 1}, {"Subs/size=4k", 2, 5, 1}}
	all, err := self().Sample(t.Context(), own, 3, time.Millisecond)
	if err != nil || len(all) != 2 || len(all["Quick"]) != 3 || len(all["Subs/size=4k-2"]) != 3 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct{ text, function, want string }{
		{".", "BenchmarkA", "^BenchmarkA$"},
		{"B$", "BenchmarkA", ""},
		{"A/x=[1/2]|b/(c|d)/e", "BenchmarkA", "^BenchmarkA$/x=[1/2]"},
		{"A/x=[1/2]|b/(c|d)/e", "Benchmarkb", "^Benchmarkb$/(c|d)/e"},
		{"A|B", "BenchmarkAB", "^BenchmarkAB$|^BenchmarkAB$"},
		{`A\/b`, "BenchmarkA/b", "^BenchmarkA$/^b$"},
	} {
		if got := parsed(t, c.text).of(c.function); got != c.want {
			t.Errorf("%q of %s is %q, want %q", c.text, c.function, got, c.want)
		}
	}
	for _, wrong := range []string{"(", "a/[", "*"} {
		if _, err := ParsePattern(wrong); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// The pattern of one name chooses it, part by part, as package testing splits and matches.
func TestANameChoosesItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z][ -~]{0,12}(/[!-~]{1,8}){0,2}`).Draw(t, "name")
		alternatives := cut(exactly(name), '|')
		if len(alternatives) != 1 {
			t.Fatalf("%q has %d alternatives", exactly(name), len(alternatives))
		}
		patterns, parts := cut(alternatives[0], '/'), strings.Split(name, "/")
		if len(patterns) != len(parts) {
			t.Fatalf("%q has %d parts", exactly(name), len(patterns))
		}
		for i, p := range patterns {
			if !regexp.MustCompile(p).MatchString(parts[i]) || regexp.MustCompile(p).MatchString(parts[i]+"x") {
				t.Fatalf("%q for %q", p, parts[i])
			}
		}
	})
}

func TestFlagsForTheLinker(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "-mod=mod -tags=x\n": "", "-ldflags=-s": "-s ", `-tags=a "-ldflags=-s -w" -v`: "-s -w ", "'--ldflags=-X a=b'": "-X a=b ", `"-ldflags=`: " ",
	} {
		if got := linkerFlags(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("BenchmarkA-2 \t 100\t 7.5 ns/op\t 3 things/op")
	f.Add("BenchmarkA 1")
	f.Fuzz(func(t *testing.T, line string) {
		m, err := parse(line)
		if (err == nil) == (m == nil) {
			t.Errorf("%q gives %v, %v", line, m, err)
		}
	})
}

// module makes one with a benchmark, and one that does not build.
func module(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod":           "module example.com/m\n\ngo 1.20\n",
		"m_test.go":        "package m\n\nimport \"testing\"\n\nfunc BenchmarkM(b *testing.B) {}\n",
		"bad/bad_test.go":  "package bad\n\nimport \"testing\"\n\nfunc BenchmarkB(b *testing.B) { nothing() }\n",
		"none/none.go":     "package none\n",
		"test/own_test.go": "package test\n\nimport \"testing\"\n\nfunc TestOwn(t *testing.T) {}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPackagesAreThoseWithBenchmarks(t *testing.T) {
	dir := module(t)
	s, err := Open(t.Context(), box(), dir)
	if err != nil {
		t.Fatal(err)
	}
	all, bad, err := s.Packages(t.Context(), []string{"./..."})
	if want := []Package{{"example.com/m", dir}, {"example.com/m/bad", filepath.Join(dir, "bad")}}; !slices.Equal(all, want) || len(bad) > 0 || err != nil {
		t.Errorf("%v, %v, %v", all, bad, err)
	}
	if _, bad, err := s.Packages(t.Context(), []string{"./nosuch"}); len(bad) != 1 || !strings.Contains(bad[0], "nosuch") || err != nil {
		t.Errorf("a folder that is not there: %v, %v", bad, err)
	}
}

// The same layout gives the same program, another one another.
func TestLayouts(t *testing.T) {
	s, err := Open(t.Context(), box(), module(t))
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := s.Packages(t.Context(), []string{"."})
	if err != nil {
		t.Fatal(err)
	}
	built := map[int32]string{}
	for _, layout := range []int32{1, 2} {
		path := filepath.Join(t.TempDir(), "m.test")
		if err := s.Build(t.Context(), all[0], layout, path); errors.Is(err, ErrNoLayout) {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		built[layout] = string(text)
	}
	if built[1] == built[2] {
		t.Error("two layouts are one")
	}
	err = s.Build(t.Context(), Package{Path: "example.com/m/bad"}, 1, filepath.Join(t.TempDir(), "bad.test"))
	if err == nil || !strings.Contains(err.Error(), "building the benchmarks of example.com/m/bad: bad/bad_test.go:5:33: undefined: nothing") {
		t.Errorf("%v", err)
	}
}

func ExampleBenchmark_FullName() {
	fmt.Println(Benchmark{Name: "Decode/size=4k", Procs: 8}.FullName(), Benchmark{Name: "Decode", Procs: 1}.FullName())
	// Output: Decode/size=4k-8 Decode
}

// The linker that is told what the go command told it makes the same program, and where it
// cannot, the go command is asked again.
func TestALinkerGoesOnAsTheGoCommand(t *testing.T) {
	s, err := Open(t.Context(), box(), module(t))
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := s.Packages(t.Context(), []string{"."})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.test")
	l := s.Linker(all[0], path)
	build := func(link func() error) string {
		t.Helper()
		_ = os.Remove(path)
		if err := link(); errors.Is(err, ErrNoLayout) {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
		f, err := elf.Open(path)
		if err != nil {
			t.Skip(err)
		}
		defer f.Close()
		code, err := f.Section(".text").Data()
		if err != nil {
			t.Fatal(err)
		}
		// It begins with its hash, which the go command puts there.
		return regexp.MustCompile(`^.*Go build ID: "[^"]*"`).ReplaceAllString(string(code), "")
	}
	for layout := range int32(3) {
		build(func() error { return l.Link(t.Context(), layout+1) })
	}
	if l.command == nil {
		t.Fatal("the go command did not say how")
	}
	again := build(func() error { return l.Link(t.Context(), 7) })
	if other := build(func() error { return s.Build(t.Context(), all[0], 7, path) }); again != other {
		t.Error("it is another program than that of the go command")
	}
	l.command = []string{"GOROOT=/", "no such linker"}
	build(func() error { return l.Link(t.Context(), 7) })
	if l.command != nil {
		t.Error("what failed is done again")
	}
}

func TestTheLinkersCommand(t *testing.T) {
	const link = "GOROOT='/go' /go/link -o $WORK/b001/m.test \"-X=a=b c\" -randlayout=5 $WORK/b001/_pkg_.a"
	for printed, want := range map[string][]string{
		"WORK=/tmp/w\nmodinfo \"-s -randlayout=5\n" + link + "\n": {"GOROOT=/go", "/go/link", "-o", "/m", "-X=a=b c", "-randlayout=5", "/tmp/w/b001/_pkg_.a"},
		link:                                    nil,
		"WORK=/tmp/w\n":                         nil,
		"WORK=/tmp/w\nlink -randlayout=5":       nil,
		"WORK=/tmp/w\nlink -o \"a -randlayout=": nil,
	} {
		if got := linkCommand(printed, "/m"); !slices.Equal(got, want) {
			t.Errorf("%q: %q", printed, got)
		}
	}
}
