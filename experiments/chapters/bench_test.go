package chapters_test

import (
	"context"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/child"
	"parcon/experiments/cpython"
	"parcon/experiments/remote/role"
	"parcon/experiments/testbed"
	"parcon/experiments/variant"
	"parcon/runner"
	"parcon/runner/protocol"
)

// The test binary is its own child: see testbed.Self.
func TestMain(m *testing.M) {
	role.Child()
	child.Main()
	code := m.Run()
	if opened != nil {
		_ = opened.Close()
	}
	os.Exit(code)
}

func BenchmarkCompute(b *testing.B)  { benchmark(b, "compute") }
func BenchmarkWaiting(b *testing.B)  { benchmark(b, "waiting") }
func BenchmarkMixing(b *testing.B)   { benchmark(b, "mixing") }
func BenchmarkCrowd(b *testing.B)    { benchmark(b, "crowd") }
func BenchmarkMapping(b *testing.B)  { benchmark(b, "mapping") }
func BenchmarkCosts(b *testing.B)    { benchmark(b, "costs") }
func BenchmarkSharing(b *testing.B)  { benchmark(b, "sharing") }
func BenchmarkLocks(b *testing.B)    { benchmark(b, "locks") }
func BenchmarkMessages(b *testing.B) { benchmark(b, "messages") }
func BenchmarkLife(b *testing.B)     { benchmark(b, "life") }
func BenchmarkServers(b *testing.B)  { benchmark(b, "servers") }
func BenchmarkCluster(b *testing.B)  { benchmark(b, "cluster") }
func BenchmarkGil(b *testing.B)      { benchmark(b, "gil") }

// interpreters are the CPythons that there are.
var interpreters = sync.OnceValue(func() []cpython.Interpreter {
	found, _ := cpython.Search([]string{cpython.Default()})
	return found
})

// scale is the quick profile's with -short, else the standard one's.
func scale() card.Scale {
	s := card.Scale{Cores: runtime.NumCPU(), Depth: card.Standard, System: runtime.GOOS, Pythons: cpython.Names(interpreters())}
	if testing.Short() {
		s.Depth = card.Quick
	}
	return s
}

// benchmark runs an experiment's variants as sub-benchmarks. An operation is a
// task; each trial has a process of its own, as in `parcon run`.
func benchmark(b *testing.B, name string) {
	e, err := chapters.Find(name)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range e.Cases(scale()) {
		if c.Variant.Get("twin") == "" {
			b.Run(c.Variant.String(), func(b *testing.B) { benchmarkCase(b, c) })
		}
	}
}

// reported are the units beside ns/op.
var reported = []string{"cpu-ns/op", "cores-busy", "in-flight", "p99-ns", "ctxsw/op", "peak-rss-bytes"}

func benchmarkCase(b *testing.B, c card.Case) {
	b.StopTimer()
	c.Tasks = b.N
	t, err := laboratory(b).Child(5*time.Minute).Start(context.Background(), caseOf(b, c))
	if err != nil {
		b.Fatal(err)
	}
	b.StartTimer()
	m, err := t.Measure()
	b.StopTimer()
	if err != nil {
		b.Fatal(err)
	}
	// The child's own clock: without the way of the result from there to here.
	b.ReportMetric(m["ns/op"], "ns/op")
	report(b, c.Variant, m)
}

// report adds a few units of the grid's, but all that a mechanism counts.
func report(b *testing.B, v variant.Variant, m protocol.Measurement) {
	units := reported
	if card.Names(v) {
		units = slices.Sorted(maps.Keys(m))
	}
	for _, unit := range units {
		if unit != "ns/op" {
			b.ReportMetric(m[unit], unit)
		}
	}
}

var (
	opened *testbed.Bed
	once   sync.Once
)

// laboratory calibrates once for all benchmarks of a process.
func laboratory(b *testing.B) *testbed.Bed {
	once.Do(func() {
		programs, err := testbed.Self()
		if err != nil {
			b.Fatal(err)
		}
		programs.Pythons = interpreters()
		cases := append(everything(), card.Case{Variant: emptyVariant("serial", 1), Tasks: 1})
		if opened, err = testbed.Open(context.Background(), programs, os.TempDir(), nil, cases, time.Minute); err != nil {
			b.Fatal(err)
		}
	})
	if opened == nil {
		b.Fatal("the programs and the reference that all benchmarks share could not be prepared")
	}
	return opened
}

func everything() []card.Case {
	var all []card.Case
	for _, e := range chapters.All {
		all = append(all, e.Cases(scale())...)
	}
	return all
}

func caseOf(b *testing.B, c card.Case) runner.Case {
	rc, err := laboratory(b).Case(c)
	if err != nil {
		b.Fatal(err)
	}
	return rc
}
