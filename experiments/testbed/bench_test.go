package testbed_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/child"
	"parcon/experiments/testbed"
	"parcon/experiments/variant"
)

// What tracing costs a run: the time of a task with it and without.
// Compare ns/task of trace=on and trace=off with benchstat -col /trace.
func BenchmarkTrace(b *testing.B) {
	programs, err := testbed.Self()
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"workload=primes/model=goroutine/workers=2", "workload=sleep/model=loop/workers=8", "workload=mix/cpu=50/model=gil/workers=4"} {
		v, err := variant.Parse(name)
		if err != nil {
			b.Fatal(err)
		}
		c := card.Run(64, v)
		l, err := testbed.Open(context.Background(), programs, b.TempDir(), nil, []card.Case{c}, time.Minute)
		if err != nil {
			b.Fatal(err)
		}
		for _, trace := range []string{"off", "on"} {
			b.Run(name+"/trace="+trace, func(b *testing.B) { benchmarkTrial(b, l, c, trace == "on") })
		}
		if err := l.Close(); err != nil {
			b.Error(err)
		}
	}
}

// benchmarkTrial reports the time of a task, without the start of its trial.
func benchmarkTrial(b *testing.B, l *testbed.Bed, c card.Case, traced bool) {
	rc, err := l.Case(c)
	if err != nil {
		b.Fatal(err)
	}
	if traced {
		order := rc.Order.(child.Order)
		order.Trace = filepath.Join(b.TempDir(), "trace")
		rc.Order = order
	}
	var sum float64
	n := 0
	for b.Loop() {
		m, err := l.Try(time.Minute)(b.Context(), rc)
		if err != nil {
			b.Fatal(err)
		}
		sum += m["ns/op"]
		n++
	}
	b.ReportMetric(sum/float64(n), "ns/task")
}
