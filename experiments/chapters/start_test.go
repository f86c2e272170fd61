package chapters_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"parcon/experiments/child"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/testbed"
	"parcon/report/stat"
	"parcon/runner/proc"
)

// BenchmarkStart compares the start of a worker process that runs one empty
// task with that of an empty Go program, from start to end, taking turns.
func BenchmarkStart(b *testing.B) {
	programs, err := testbed.Build(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	empty := emptyProgram(b)
	for _, program := range []struct {
		name string
		argv []string
	}{
		{"worker", programs.Worker},
		{"trial", append(programs.Trial, child.Worker)},
	} {
		b.Run("program="+program.name, func(b *testing.B) {
			argv := append(append([]string(nil), program.argv...), worker.One)
			argv = append(append(argv, workload.Params{Name: "empty"}.Args()...), "1")
			var with, without []float64
			for range b.N {
				with = append(with, start(b, argv))
				without = append(without, start(b, []string{empty}))
			}
			r := stat.Once{Series: stat.RatioSeries(with, without)}.Interval(stat.Level)
			b.ReportMetric(stat.SeriesOf(with).Median(), "ns/op")
			b.ReportMetric(r.Estimate, "ratio")
			if r.Known() {
				b.ReportMetric(r.Low, "ratio-low")
				b.ReportMetric(r.High, "ratio-high")
			}
		})
	}
}

func start(b *testing.B, argv []string) float64 {
	begin := time.Now()
	if out, err := proc.Command(argv, []string{"GOMAXPROCS=1", "GOGC=100"}).CombinedOutput(); err != nil {
		b.Fatalf("%v: %v: %s", argv, err, out)
	}
	return float64(time.Since(begin))
}

func emptyProgram(b *testing.B) string {
	dir := b.TempDir()
	source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "empty")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o666); err != nil {
		b.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", program, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building an empty program: %v: %s", err, out)
	}
	return program
}
