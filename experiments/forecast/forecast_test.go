package forecast_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parcon/experiments/forecast"
)

// mean is that of a number over simulations with several seeds.
func mean(t testing.TB, s forecast.System, share float64, of func(forecast.Outcome) float64) float64 {
	t.Helper()
	const seeds = 20
	sum := 0.0
	for seed := range uint64(seeds) {
		_, open, err := s.Predict(share, seed)
		if err != nil {
			t.Fatal(err)
		}
		sum += of(open)
	}
	return sum / seeds
}

func latency(o forecast.Outcome) float64 { return o.Mean }

func near(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got/want-1) <= tolerance) {
		t.Errorf("%s: %g, want %g", what, got, want)
	}
}

// One worker with equal tasks is M/D/1: a task waits rho/(2(1-rho)) of its length; with
// exponential ones M/M/1: twice that (Kleinrock 1975, 5.7: the formula of Pollaczek and Khinchin).
func TestOneWorkerWaitsAsPollaczekAndKhinchinSay(t *testing.T) {
	const length = 1e6
	for _, spread := range []float64{0, 0.5, 1} {
		for _, rho := range []float64{0.3, 0.6, 0.8} {
			s := forecast.System{Length: length, Spread: spread, Prefetch: 64, Workers: 1, Streams: 1}
			want := length * (1 + rho/(1-rho)*(1+spread*spread)/2)
			near(t, "mean latency", mean(t, s, rho, latency), want, 0.06)
		}
	}
}

// erlangC is the chance of a task to wait at c workers with a load of a of them.
func erlangC(c int, a float64) float64 {
	b := 1.0 // Erlang's B, by its recursion
	for k := 1; k <= c; k++ {
		b = a * b / (float64(k) + a*b)
	}
	rho := a / float64(c)
	return b / (1 - rho*(1-b))
}

// Workers who hold one exponential task each are M/M/c.
func TestWorkersWaitAsErlangSays(t *testing.T) {
	const length = 1e6
	for _, c := range []int{2, 5, 20} {
		for _, rho := range []float64{0.5, 0.8} {
			s := forecast.System{Length: length, Waits: true, Spread: 1, Prefetch: 1, Workers: c, Streams: 1}
			full, err := s.Capacity(1)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "capacity", full.Throughput, float64(c)*1e9/length, 0.05)
			want := length * (1 + erlangC(c, rho*float64(c))/(float64(c)*(1-rho)))
			near(t, "mean latency", mean(t, s, rho, latency), want, 0.06)
		}
	}
}

// Many workers on few cores wait as few workers do: for a core, and not for a worker.
func TestSharedCoresAreTakenInTurn(t *testing.T) {
	const length, rho = 1e6, 0.7
	for _, cores := range []int{1, 3} {
		s := forecast.System{Length: length, Spread: 1, Prefetch: 1, Workers: 200, Streams: 1, Cores: cores}
		want := length * (1 + erlangC(cores, rho*float64(cores))/(float64(cores)*(1-rho)))
		near(t, "mean latency", mean(t, s, rho, latency), want, 0.06)
	}
}

// A stream does not wait for a core while 200 workers compute on it, and is no faster than
// its one core where there are two.
func TestStreamsComeFirst(t *testing.T) {
	for cores, want := range map[int]float64{1: 1e6 + 1e5, 2: 1e6} {
		s := forecast.System{Queue: 1e6, Length: 1e5, Prefetch: 1, Workers: 200, Streams: 1, Cores: cores}
		full, err := s.Capacity(1)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "time of a task", 1e9/full.Throughput, want, 0.02)
	}
}

// A part that does not share its cores, and is never short of work, is the limit.
func TestThroughputIsThatOfTheBusiestPart(t *testing.T) {
	for _, c := range []struct {
		of    forecast.System
		want  float64
		limit string
	}{
		{forecast.System{Queue: 1e4, Master: 1e3, Worker: 1e3, Length: 1e5, Prefetch: 64, Workers: 1_000, Streams: 1}, 1e5, "queue"},
		{forecast.System{Queue: 1e4, Master: 1e3, Worker: 1e3, Length: 1e5, Prefetch: 64, Workers: 1_000, Streams: 4}, 4e5, "queue"},
		{forecast.System{Queue: 1e4, Master: 1e3, Worker: 1e3, Length: 1e5, Prefetch: 64, Workers: 1_000, Streams: 16, Hop: 1e5}, 1e6, "master"},
		{forecast.System{Queue: 1e4, Master: 1e3, Worker: 1e3, Length: 99e3, Waits: true, Prefetch: 64, Workers: 5, Streams: 1, Hop: 1e5}, 5e4, "workers"},
		{forecast.System{Queue: 1e4, Worker: 1e3, Length: 99e3, Waits: true, Prefetch: 1, Workers: 5, Streams: 1, Hop: 1e6}, 5e9 / 2.105e6, "prefetch"},
		{forecast.System{Queue: 1e4, Master: 5e3, Worker: 1e3, Length: 1e5, Prefetch: 64, Workers: 8, Streams: 1, Cores: 2}, 2e9 / 116e3, "cores"},
		{forecast.System{Queue: 1e4, Master: 5e3, Worker: 1e3, Length: 1e9, Waits: true, Prefetch: 64, Workers: 100_000, Streams: 16}, 1e5, "workers"},
	} {
		full, err := c.of.Capacity(3)
		if err != nil {
			t.Fatal(err)
		}
		near(t, c.limit, full.Throughput, c.want, 0.03)
		near(t, "bound by "+c.limit, c.of.Bound(), c.want, 0.001)
		if full.Limit() != c.limit {
			t.Errorf("%+v: the limit is %s, want %s", full, full.Limit(), c.limit)
		}
	}
}

// Medians of eight trials each with a server of NATS on a virtual machine of two cores;
// those of tasks that do nothing for a CPU time of the server of 1 µs, as that swung from
// trial to trial. The costs are those at one worker.
func TestMeasuredThroughputIsForetold(t *testing.T) {
	for name, c := range map[string]struct {
		of   forecast.System
		took map[int]float64 // ns for a task, by workers
	}{
		"nothing": {
			forecast.System{Queue: 1000, Master: 390, Length: 340, Prefetch: 65},
			map[int]float64{1: 1040, 2: 1010, 4: 1000, 8: 1010},
		},
		"computing": {
			forecast.System{Queue: 145e3, Master: 44.3e3, Length: 1.21e6, Prefetch: 5},
			map[int]float64{1: 1.27e6, 2: 693e3, 4: 667e3, 8: 685e3},
		},
		"waiting": {
			forecast.System{Queue: 288e3, Master: 81.2e3, Worker: 232e3, Length: 2.25e6, Waits: true, Prefetch: 5},
			map[int]float64{1: 2.48e6, 2: 1.28e6, 4: 638e3, 8: 317e3},
		},
	} {
		for workers, took := range c.took {
			s := c.of
			s.Workers, s.Streams, s.Cores = workers, 1, 2
			full, err := s.Capacity(1)
			if err != nil {
				t.Fatal(err)
			}
			near(t, name, 1e9/full.Throughput, took, 0.07)
		}
	}
}

// A queue that is busy makes tasks wait the longer, the nearer it comes to its limit, and
// streams beside it share the wait.
func TestShardsWaitLess(t *testing.T) {
	s := forecast.System{Queue: 1e5, Master: 1, Worker: 1, Prefetch: 64, Workers: 1_000, Streams: 1}
	full, open, err := s.Predict(0.9, 5)
	if err != nil {
		t.Fatal(err)
	}
	s.Streams = 10
	more, wide, err := s.Predict(0.09, 5) // as many tasks
	if err != nil {
		t.Fatal(err)
	}
	near(t, "ten streams", more.Throughput, 10*full.Throughput, 0.02)
	near(t, "the same load", wide.Throughput, open.Throughput, 0.05)
	if !(wide.P99 < open.P99/2) || !(open.Queue > 0.85 && open.Queue < 0.95) || !(wide.Queue < 0.1) {
		t.Errorf("one stream %+v, ten %+v", open, wide)
	}
}

// drawn is any system of sizes that simulate fast.
func drawn(t *rapid.T) forecast.System {
	time := func(name string) float64 {
		return rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(10, 1e7)).Draw(t, name)
	}
	s := forecast.System{
		Queue: time("queue"), Master: time("master"), Worker: time("worker"), Length: rapid.Float64Range(100, 1e7).Draw(t, "length"),
		Waits: rapid.Bool().Draw(t, "waits"), Spread: rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(t, "spread"), Hop: time("hop"),
		Prefetch: rapid.IntRange(1, 20).Draw(t, "prefetch"), Workers: rapid.IntRange(1, 30).Draw(t, "workers"),
		Cores: rapid.SampledFrom([]int{0, 1, 2, 8}).Draw(t, "cores"),
	}
	s.Streams = rapid.IntRange(1, min(20, s.Workers)).Draw(t, "streams")
	return s
}

// Of any system: the same seed gives the same answer, no bound is exceeded, and Little's
// law holds: in flight are as many as come in the time that one takes.
func TestPropertiesOfAnySystem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, seed := drawn(t), rapid.Uint64().Draw(t, "seed")
		full, open, err := s.Predict(0.5, seed)
		if err != nil {
			t.Fatal(err)
		}
		if again, openAgain, _ := s.Predict(0.5, seed); again != full || openAgain != open {
			t.Fatalf("%+v and %+v of the same seed", open, openAgain)
		}
		if full.Throughput > 1.1*s.Bound() || full.Throughput <= 0 {
			t.Fatalf("%g tasks a second, at most %g are possible", full.Throughput, s.Bound())
		}
		if little := open.Throughput / 1e9 * open.Mean; math.Abs(open.InFlight/little-1) > 0.1 {
			t.Fatalf("%g in flight, %g by Little's law: %+v", open.InFlight, little, open)
		}
		if !(open.P50 <= open.P99 && open.P99 <= open.P999 && open.P50 > 0) {
			t.Fatalf("quantiles %+v", open)
		}
		for _, busy := range []float64{full.Queue, full.Master, full.Workers, full.Cores, open.Queue, open.Master, open.Workers, open.Cores} {
			if !(busy >= 0 && busy <= 1+1e-9) {
				t.Fatalf("busy for %g of the time: %+v, %+v", busy, full, open)
			}
		}
	})
}

// More workers never do less, within what a simulation of few tasks strays. (Tasks that are
// equal to the nanosecond may get in step, and then their start decides who waits.)
func TestMoreWorkersNeverDoLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawn(t)
		s.Spread = 0.3
		few, err := s.Capacity(1)
		if err != nil {
			t.Fatal(err)
		}
		s.Workers *= rapid.IntRange(1, 4).Draw(t, "times")
		more, err := s.Capacity(2)
		if err != nil {
			t.Fatal(err)
		}
		if more.Throughput < 0.95*few.Throughput {
			t.Fatalf("%g a second, with fewer workers %g: %+v", more.Throughput, few.Throughput, s)
		}
	})
}

// Whatever is asked is answered with numbers, or refused in a line.
func FuzzPredict(f *testing.F) {
	f.Add(1e4, 1e3, 1e3, 1e6, false, 0.0, 1e5, 64, 100, 4, 0, 0.8, uint64(1))
	f.Add(0.0, 0.0, 0.0, 1.0, true, 10.0, 1e13, 1, 1, 1, 1, 0.99, uint64(2))
	f.Add(math.NaN(), -1.0, math.Inf(1), 0.0, true, 1.0, 0.0, 0, -1, 1<<40, -5, 2.0, uint64(3))
	f.Add(1e13, 1e-300, 1e13, 1e13, false, 1e-9, 1e-300, 65_536, 99, 99, 64, 0.01, uint64(4))
	f.Fuzz(func(t *testing.T, queue, master, worker, length float64, waits bool, spread, hop float64, prefetch, workers, streams, cores int, share float64, seed uint64) {
		if workers > 100 && workers <= 1_000_000 {
			workers = 100 // more are as good, and slow
		}
		s := forecast.System{
			Queue: queue, Master: master, Worker: worker, Length: length, Waits: waits, Spread: spread, Hop: hop,
			Prefetch: prefetch, Workers: workers, Streams: streams, Cores: cores,
		}
		start := time.Now()
		full, open, err := s.Predict(share, seed)
		if err != nil {
			return
		}
		for _, v := range []float64{
			s.Bound(), full.Throughput, full.Queue, full.Master, full.Workers, full.Cores,
			open.Throughput, open.Mean, open.P50, open.P99, open.P999, open.InFlight, open.Queue, open.Master, open.Workers, open.Cores,
		} {
			if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
				t.Fatalf("%+v: %+v, %+v after %v", s, full, open, time.Since(start))
			}
		}
	})
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	good := forecast.System{Queue: 1e4, Prefetch: 1, Workers: 2, Streams: 1}
	for want, spoil := range map[string]func(*forecast.System){
		"forecasting: the queue's time is NaN: give 0 to 1e+13":                   func(s *forecast.System) { s.Queue = math.NaN() },
		"forecasting: the way of a message is -1: give 0 to 1e+13":                func(s *forecast.System) { s.Hop = -1 },
		"forecasting: workers is 0: give 1 to 1000000":                            func(s *forecast.System) { s.Workers = 0 },
		"forecasting: prefetch is 65537: give 1 to 65536":                         func(s *forecast.System) { s.Prefetch = 65_537 },
		"forecasting: 3 streams have only 2 workers: give each stream a worker":   func(s *forecast.System) { s.Streams = 3 },
		"forecasting: a task costs 0 ns: give costs that add up to 1 ns at least": func(s *forecast.System) { s.Queue = 0 },
		"forecasting: the spread of lengths is 11: give 0 to 10":                  func(s *forecast.System) { s.Spread = 11 },
	} {
		s := good
		spoil(&s)
		if _, err := s.Capacity(1); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, _, err := good.Predict(1, 1); err == nil {
		t.Error("a load of all that can be done was not refused")
	}
}
