package runner

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"parcon/runner/protocol"
)

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       state
	}{
		// proc_stat(5): user nice system idle iowait irq softirq steal guest guest_nice
		{
			"of Linux today", "cpu  1 20 300 4000 50000 600000 7000000 80000000 9 9\ncpu0 1 1 1 1 1 1 1 1 1 1\n",
			state{known: true, busy: 7600321 * tick, stolen: 80000000 * tick},
		},
		{"without guests", "cpu 1 2 3 4 5 6 7 8", state{known: true, busy: 19 * tick, stolen: 8 * tick}},
		{"before steal was counted", "cpu 1 2 3 4 5 6 7\n", state{}},
		{"of one processor", "cpu0 1 2 3 4 5 6 7 8 9 10\n", state{}},
		{"with a word for a number", "cpu 1 2 three 4 5 6 7 8 9 10\n", state{}},
		{"empty", "", state{}},
	} {
		if got := parseStat([]byte(c.text)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestParseThrottled(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       time.Duration
	}{
		{"version 2", "usage_usec 99\nnr_periods 5\nnr_throttled 2\nthrottled_usec 1500\nnr_bursts 0\n", 1500 * time.Microsecond},
		{"version 1", "nr_periods 5\nnr_throttled 2\nthrottled_time 1500\n", 1500},
		{"without a limit", "usage_usec 99\nuser_usec 50\n", 0},
		{"with a word for a number", "throttled_usec much\n", 0},
		{"cut off", "throttled_usec", 0},
		{"empty", "", 0},
	} {
		if got := parseThrottled([]byte(c.text)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3\n"))
	f.Add([]byte("cpu 99999999999999999999 0 0 0 0 0 0 0\n"))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s := parseStat(text); !s.known && s != (state{}) {
			t.Fatalf("%q is not known and yet %+v", text, s)
		}
	})
}

func FuzzParseThrottled(f *testing.F) {
	f.Add([]byte("nr_periods 5\nthrottled_usec 1500\n"))
	f.Add([]byte("throttled_time 1500\nthrottled_usec"))
	f.Fuzz(func(t *testing.T, text []byte) {
		// A line of something else before it must not hide the value.
		more := append([]byte("some_thing 5\n"), text...)
		if a, b := parseThrottled(text), parseThrottled(more); a != b {
			t.Fatalf("%q: %v, behind another line %v", text, a, b)
		}
	})
}

func TestWatchAddsToAMeasurementAndLeavesAnErrorAlone(t *testing.T) {
	ran := errors.New("it ran and failed")
	fails := Watch(func(context.Context, Case) (protocol.Measurement, error) { return nil, ran })
	if m, err := fails(t.Context(), Case{}); !errors.Is(err, ran) || m != nil {
		t.Errorf("of a failed trial: %v, %v", m, err)
	}
	works := Watch(func(_ context.Context, c Case) (protocol.Measurement, error) {
		return protocol.Measurement{"ns/op": float64(c.Tasks)}, nil
	})
	m, err := works(t.Context(), Case{Tasks: 5})
	if err != nil || m["ns/op"] != 5 {
		t.Fatalf("%v, %v", m, err)
	}
	units := []string{"start-unix-s"}
	if runtime.GOOS == "linux" {
		units = append(units, "steal-ns", "others-busy", "load1", "throttled-ns")
	}
	for _, unit := range units {
		if v, found := m[unit]; !found || v < 0 {
			t.Errorf("%s is %v, found: %v", unit, v, found)
		}
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
