package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"testing"
	"testing/fstest"
	"time"

	"parcon/runner/protocol"
)

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		name, text   string
		busy, stolen time.Duration
		ok           bool
	}{
		// proc_stat(5): user nice system idle iowait irq softirq steal guest guest_nice
		{
			"of Linux today", "cpu  1 20 300 4000 50000 600000 7000000 80000000 9 9\ncpu0 1 1 1 1 1 1 1 1 1 1\n",
			7600321 * tick, 80000000 * tick, true,
		},
		{"without guests", "cpu 1 2 3 4 5 6 7 8", 19 * tick, 8 * tick, true},
		{"before steal was counted", "cpu 1 2 3 4 5 6 7\n", 0, 0, false},
		{"of one processor", "cpu0 1 2 3 4 5 6 7 8 9 10\n", 0, 0, false},
		{"with a word for a number", "cpu 1 2 three 4 5 6 7 8 9 10\n", 0, 0, false},
		{"empty", "", 0, 0, false},
	} {
		if busy, stolen, ok := parseStat([]byte(c.text)); busy != c.busy || stolen != c.stolen || ok != c.ok {
			t.Errorf("%s: %v, %v, %v, want %v, %v, %v", c.name, busy, stolen, ok, c.busy, c.stolen, c.ok)
		}
	}
}

func TestParsePressure(t *testing.T) {
	const full = "full avg10=0.00 avg60=0.00 avg300=0.04 total=121472870\n"
	for text, want := range map[string]time.Duration{
		"some avg10=0.58 avg60=0.26 avg300=2.89 total=1486052276\n" + full: 1486052276 * time.Microsecond,
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n":                 0,
		full + "some avg10=0.00 avg60=0.00 avg300=0.00 total=7":            7 * time.Microsecond,
		full:                             -1,
		"some avg10=0.00 total=much\n":   -1,
		"some avg10=0.00 total=-5\n":     -1,
		"some total=5 more\n":            -1,
		"some\n":                         -1,
		"some total=9223372036854775807": -1, // more than a Duration holds
		"":                               -1,
	} {
		if got, ok := parsePressure([]byte(text)); ok != (want >= 0) || got != max(0, want) {
			t.Errorf("%q: %v, %v, want %v", text, got, ok, want)
		}
	}
}

func TestParseLoad(t *testing.T) {
	for text, want := range map[string]float64{
		"0.58 0.26 2.89 3/345 7850\n": 0.58, "0.00": 0, "": -1, "much 0 0\n": -1, "NaN": -1, "Inf": -1, "-1 0 0": -1,
	} {
		if got, ok := parseLoad([]byte(text)); ok != (want >= 0) || got != max(0, want) {
			t.Errorf("%q: %v, %v, want %v", text, got, ok, want)
		}
	}
}

func TestMHz(t *testing.T) {
	cpufreq := func(kHz ...string) fstest.MapFS {
		files := fstest.MapFS{"proc/cpuinfo": {Data: []byte("cpu MHz\t\t: 1000.000\n")}}
		for i, text := range kHz {
			name := fmt.Sprintf("sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", i)
			files[name] = &fstest.MapFile{Data: []byte(text + "\n")}
		}
		return files
	}
	many := make([]string, 3*mostCores)
	for i := range many {
		many[i] = "2000000"
	}
	info := func(text string) fstest.MapFS { return fstest.MapFS{"proc/cpuinfo": {Data: []byte(text)}} }
	for _, c := range []struct {
		name  string
		files fstest.MapFS
		want  float64 // 0: not known
	}{
		{"cpufreq", cpufreq("2000000", "3000000"), 2500},
		{"cpufreq of many cores", cpufreq(many...), 2000},
		{"a core that does not tell", cpufreq("2000000", "<unknown>"), 2000},
		{"no cpufreq", cpufreq(), 1000},
		{"x86", info("processor\t: 0\ncpu MHz\t\t: 2596.152\n\nprocessor\t: 1\ncpu MHz\t\t: 2600.152\n"), 2598.152},
		{"x86, cut off", info("cpu MHz\t\t: 2596.152\n\ncpu MHz\t\t: 26"), 2596.152},
		{"ARM", info("processor\t: 0\nBogoMIPS\t: 50.00\n"), 0},
		{"another system", fstest.MapFS{}, 0},
	} {
		files := frequencies(c.files)
		if len(files) > mostCores {
			t.Errorf("%s: %d files are read, at most %d should be", c.name, len(files), mostCores)
		}
		if got, known := mhz(c.files, files); got != c.want || known != (c.want > 0) {
			t.Errorf("%s: %v, %v, want %v", c.name, got, known, c.want)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3\n"))
	f.Add([]byte("cpu 99999999999999999999 0 0 0 0 0 0 0\n"))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if busy, stolen, ok := parseStat(text); !ok && (busy != 0 || stolen != 0) {
			t.Fatalf("%q is not known and yet %v, %v", text, busy, stolen)
		}
	})
}

func FuzzParsePressure(f *testing.F) {
	f.Add([]byte("some avg10=0.58 avg60=0.26 avg300=2.89 total=1486052276\nfull total=5\n"))
	f.Add([]byte("some total="))
	f.Fuzz(func(t *testing.T, text []byte) {
		// A line of something else before it must not hide the value.
		a, knownA := parsePressure(text)
		b, knownB := parsePressure(append([]byte("full avg10=0.00 total=9\n"), text...))
		if a != b || knownA != knownB || a < 0 {
			t.Fatalf("%q: %v, %v, behind another line %v, %v", text, a, knownA, b, knownB)
		}
	})
}

func FuzzParseLoadAndMHz(f *testing.F) {
	f.Add([]byte("0.58 0.26 2.89 3/345 7850\n"))
	f.Add([]byte("cpu MHz\t\t: 2596.152\n"))
	f.Add([]byte("cpu MHz: 1e308\ncpu MHz: 1e308\ncpu MHz: NaN\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if load, ok := parseLoad(text); !(load >= 0 && load <= math.MaxFloat64) || !ok && load != 0 {
			t.Fatalf("%q: load %v, %v", text, load, ok)
		}
		if mean, known := parseMHz(text); !(mean >= 0 && mean <= math.MaxFloat64) || known != (mean > 0) {
			t.Fatalf("%q: %v MHz, %v", text, mean, known)
		}
	})
}

// What only one of the two readings knows did not grow by a number that is
// known.
func TestGrowth(t *testing.T) {
	before := counters{
		totals: map[string]time.Duration{"steal-ns": 5, "throttled-ns": 7, "pressure-io-ns": 9},
		busy:   100, own: 10,
	}
	after := counters{
		totals: map[string]time.Duration{"steal-ns": 6, "throttled-ns": 7, "pressure-cpu-ns": 9},
		busy:   1100, own: 110,
	}
	m := protocol.Measurement{protocol.ProcessCPU: 400}
	before.add(m, after, 1000)
	// Of 1000 the trial had 400 and the harness 100.
	want := protocol.Measurement{protocol.ProcessCPU: 400, "steal-ns": 1, "throttled-ns": 0, "others-busy": 0.5}
	if !maps.Equal(m, want) {
		t.Errorf("%v, want %v", m, want)
	}
	after.own = 0 // the server is gone
	before.add(m, after, 1000)
	if m["others-busy"] != 0.6 {
		t.Errorf("others-busy is %v, want 0.6", m["others-busy"])
	}
	nothing := protocol.Measurement{}
	counters{}.add(nothing, counters{busy: 5}, 1000)
	if len(nothing) != 0 {
		t.Errorf("of a system that tells nothing: %v", nothing)
	}
}

func TestWatchAddsToAMeasurementAndLeavesAnErrorAlone(t *testing.T) {
	ran := errors.New("it ran and failed")
	fails := Watch(func(context.Context, Case) (protocol.Measurement, error) { return nil, ran }, nil)
	if m, err := fails(t.Context(), Case{}); !errors.Is(err, ran) || m != nil {
		t.Errorf("of a failed trial: %v, %v", m, err)
	}
	asked := 0
	works := Watch(func(_ context.Context, c Case) (protocol.Measurement, error) {
		return protocol.Measurement{"ns/op": float64(c.Tasks), protocol.ProcessCPU: 1}, nil
	}, func() time.Duration { asked++; return 0 })
	m, err := works(t.Context(), Case{Tasks: 5})
	if err != nil || m["ns/op"] != 5 {
		t.Fatalf("%v, %v", m, err)
	}
	if asked != 2 {
		t.Errorf("the helpers' time was read %d times, want before and after", asked)
	}
	if _, found := m[protocol.ProcessCPU]; found {
		t.Errorf("%s is nothing that the file should hold", protocol.ProcessCPU)
	}
	units := []string{"start-unix-s"}
	if runtime.GOOS == "linux" {
		units = append(units, "steal-ns", "others-busy", "load1")
	}
	for _, unit := range units {
		if _, found := m[unit]; !found {
			t.Errorf("%s is missing: %v", unit, m)
		}
	}
	for unit, v := range m {
		if v < 0 && unit != "others-busy" {
			t.Errorf("%s is %v", unit, v)
		}
	}
}

// BenchmarkWatch is what is read around one trial.
func BenchmarkWatch(b *testing.B) {
	try := Watch(func(context.Context, Case) (protocol.Measurement, error) { return protocol.Measurement{}, nil }, nil)
	for b.Loop() {
		if _, err := try(b.Context(), Case{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMHz(b *testing.B) {
	files := frequencies(system)
	for b.Loop() {
		mhz(system, files)
	}
}

func TestHostSaysSomethingOfEverything(t *testing.T) {
	s := Host(t.TempDir())
	for _, e := range s {
		if e.Value == "" {
			t.Errorf("%s is empty: it would be left out of the file", e.Key)
		}
	}
	if s.Get("goos") != runtime.GOOS || s.Get("nothing") != "" {
		t.Errorf("goos %q, nothing %q", s.Get("goos"), s.Get("nothing"))
	}
}
