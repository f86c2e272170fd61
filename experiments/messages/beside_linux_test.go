package messages

import (
	_ "embed"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parcon/experiments/variant"
	"parcon/runner/affinity"
)

//go:embed testdata/beside.c
var besideC string

// BenchmarkBesideC compares ways to send messages with the same in C, in turn. An
// operation is a trial of each; x-C is the median of the ratios of their times. A ring of C
// spins as loops usually do, or pauses between two looks as this one does.
func BenchmarkBesideC(b *testing.B) {
	c := compileBeside(b)
	for _, way := range []struct {
		c, transport, what string
		size, n            int
		cores              string
	}{
		{"pipe", pipeTransport, roundTrip, 64, 5_000, oneCore},
		{"sleep", sleepingRing, roundTrip, 64, 5_000, oneCore},
		{"spin", spinningRing, roundTrip, 64, 50_000, twoCores},
		{"pause", spinningRing, roundTrip, 64, 50_000, twoCores},
		{"flow", spinningRing, flowing, 65536, 5_000, twoCores},
	} {
		v := carried(way.transport, way.what, way.size, way.cores)
		b.Run(way.c+"/"+v.String(), func(b *testing.B) {
			pair, err := affinity.ChoosePair(way.cores == twoCores)
			if err != nil {
				b.Skip(err)
			}
			var ratios, ours, theirs []float64
			for range b.N {
				ours = append(ours, runTransport(b, v, way.n))
				theirs = append(theirs, runBeside(b, c, way.c, pair, way.n, way.size))
				ratios = append(ratios, ours[len(ours)-1]/theirs[len(theirs)-1])
			}
			b.ReportMetric(middle(ratios), "x-C")
			b.ReportMetric(middle(ours), "ns-Go")
			b.ReportMetric(middle(theirs), "ns-C")
			if way.what == flowing {
				b.ReportMetric(float64(way.size)/middle(ours), "GB/s-Go")
				b.ReportMetric(float64(way.size)/middle(theirs), "GB/s-C")
			}
		})
	}
}

func middle(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

func compileBeside(b *testing.B) string {
	cc, err := exec.LookPath("cc")
	if err != nil {
		b.Skip("there is no C compiler: ", err)
	}
	dir := b.TempDir()
	source, program := filepath.Join(dir, "beside.c"), filepath.Join(dir, "beside")
	if err := os.WriteFile(source, []byte(besideC), 0o600); err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command(cc, "-O2", "-o", program, source).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return program
}

func runBeside(b *testing.B, program, way string, pair affinity.Pair, n, size int) float64 {
	out, err := exec.Command(program, way, strconv.Itoa(pair.Here), strconv.Itoa(pair.Beyond), strconv.Itoa(n), strconv.Itoa(size)).Output()
	if err != nil {
		b.Fatal(err)
	}
	ns, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	return ns
}

// runTransport is a trial, in this process.
func runTransport(b *testing.B, v variant.Variant, n int) float64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(transportProcs(v, runtime.NumCPU())))
	s, err := prepare(v.String(), n, "")
	if err != nil {
		b.Fatal(err)
	}
	m, err := s.Run()
	if err := errors.Join(err, s.Close()); err != nil {
		b.Fatal(err)
	}
	return m["ns/op"]
}
