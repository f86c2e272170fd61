package doctor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseList(t *testing.T) {
	for text, want := range map[string][]int{
		"0": {0}, "0-3": {0, 1, 2, 3}, "0,2,4-6": {0, 2, 4, 5, 6}, "3,1,1-2": {1, 2, 3},
		"": nil, "a": nil, "-1": nil, "3-1": nil, "0-": nil, "0,": nil, "0-99999999": nil, "99999999": nil, "0 1": nil,
	} {
		got, ok := parseList(text)
		if !slices.Equal(got, want) || ok != (want != nil) {
			t.Errorf("%q: %v, %v, want %v", text, got, ok, want)
		}
	}
}

func TestParseListReadsWhatListWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfNDistinct(rapid.IntRange(0, 300), 1, 200, rapid.ID).Draw(t, "cores")
		slices.Sort(want)
		if got, ok := parseList(list(want)); !ok || !slices.Equal(got, want) {
			t.Fatalf("%q: %v, %v", list(want), got, ok)
		}
	})
}

func FuzzParseList(f *testing.F) {
	for _, text := range []string{"0-3,8", "0,0,0", "1-", "65535", "0-65535,0-65535"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cores, ok := parseList(text)
		if ok != (len(cores) > 0) {
			t.Fatalf("%q: %v, %v", text, cores, ok)
		}
		if !ok {
			return
		}
		if again, ok := parseList(list(cores)); !ok || !slices.Equal(cores, again) {
			t.Fatalf("%q: %v, then %v", text, cores, again)
		}
	})
}

// stat is a line of /proc/PID/stat.
func stat(pid, name, utime, stime, start string) string {
	return pid + " (" + name + ") S 1 1 1 0 -1 4194560 5 0 0 0 " + utime + " " + stime + " 9 9 20 0 1 0 " + start + " 1024 7"
}

func TestParseProcess(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want process
	}{
		"plain":             {stat("12", "cc1", "30", "4", "500"), process{processID{12, 500}, "cc1", 34}},
		"name with bracket": {stat("12", "a (b) c", "30", "4", "500"), process{processID{12, 500}, "a (b) c", 34}},
		"empty":             {"", process{}},
		"cut off":           {"12 (cc1) S 1 1", process{}},
		"no name":           {"12 S 1 1", process{}},
		"below zero":        {stat("12", "cc1", "-1", "4", "500"), process{}},
		"word for a number": {stat("12", "cc1", "x", "4", "500"), process{}},
		"beyond all time":   {stat("12", "cc1", "9223372036854775807", "4", "500"), process{}},
	} {
		got, ok := parseProcess(c.text)
		if got != c.want || ok != (c.want != process{}) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, ok, c.want)
		}
	}
}

func FuzzParseProcess(f *testing.F) {
	f.Add(stat("12", "a) (b", "30", "4", "500"))
	f.Add("1 () ")
	f.Add("1 ()) (")
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := parseProcess(text)
		if !ok && p != (process{}) || p.ticks < 0 || p.id.pid < 0 {
			t.Fatalf("%q: %+v, %v", text, p, ok)
		}
	})
}

func TestParsePressure(t *testing.T) {
	const full = "\nfull avg10=9.00 avg60=9.00 avg300=9.00 total=9"
	for text, want := range map[string]stall{
		"some avg10=0.17 avg60=0.21 avg300=2.77 total=1486064549" + full: {0.17, 1486064549 * time.Microsecond},
		"":                          {},
		"full avg10=1.00 total=5":   {},
		"some avg10=1.00":           {},
		"some avg10=NaN total=5":    {},
		"some avg10=101 total=5":    {},
		"some avg10=-1 total=5":     {},
		"some avg10=1.00 total=-5":  {},
		"some avg10=1.00 total=9e9": {},
		"some avg10=1 total=" + "9999999999999999999": {},
	} {
		got, ok := parsePressure(text)
		if got != want || ok != (want != stall{}) {
			t.Errorf("%q: %+v, %v, want %+v", text, got, ok, want)
		}
	}
}

func FuzzParsePressure(f *testing.F) {
	f.Add("some avg10=0.17 avg60=0.21 avg300=2.77 total=1486064549\nfull")
	f.Add("some total=1 avg10=1 avg10=x")
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := parsePressure(text)
		if !ok && s != (stall{}) || ok && !(s.recent >= 0 && s.recent <= 100 && s.total >= 0) {
			t.Fatalf("%q: %+v, %v", text, s, ok)
		}
	})
}

func TestField(t *testing.T) {
	const text = "model name\t: x86 : fast\nflags\t\t: fpu hypervisor\nflags: second\nempty:\nno colon\n"
	for key, want := range map[string]string{"model name": "x86 : fast", "flags": "fpu hypervisor", "empty": "", "none": "", "no colon": ""} {
		if got := field(text, key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func FuzzField(f *testing.F) {
	f.Add("flags : a b\n", "flags")
	f.Add(":", "")
	f.Fuzz(func(t *testing.T, text, key string) {
		if got := field(text, key); strings.TrimSpace(got) != got || !strings.Contains(text, got) {
			t.Fatalf("%q of %q is %q", key, text, got)
		}
	})
}

func TestBetween(t *testing.T) {
	start := time.Unix(100, 0)
	at := func(after time.Duration, busy, stolen float64, all ...process) moment {
		m := moment{at: start.Add(after), busy: busy, stolen: stolen, known: true, processes: map[processID]process{}}
		for _, p := range all {
			m.processes[p.id] = p
		}
		return m
	}
	used := func(pid int, start, ticks int64) process { return process{processID{pid, start}, "p", ticks} }
	before := at(0, 100, 5, used(1, 1, 10), used(2, 1, 10), used(3, 1, 10), used(4, 1, 500))
	after := at(2*time.Second, 103, 5.5, used(1, 1, 10), used(2, 1, 60), used(3, 1, 210), used(4, 9, 30), used(5, 9, 20))
	want := Known(Watch{
		Span: 2 * time.Second, Busy: 1.5, Stolen: Known(0.25),
		// 1 slept, 4 is another one now, 5 is new.
		Processes: []Process{{3, "p", 1}, {2, "p", 0.25}, {4, "p", 0.15}, {5, "p", 0.1}},
	})
	if diff := cmp.Diff(want, between(before, after)); diff != "" {
		t.Error(diff)
	}
	for name, got := range map[string]Maybe[Watch]{
		"no time passed":     between(before, before),
		"time went back":     between(after, before),
		"unknown at the end": between(before, moment{at: after.at}),
		"unknown before":     between(moment{at: before.at}, after),
	} {
		if got.Known {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// Counters that step back are not a load below zero.
	if w := between(at(0, 9, 9), at(time.Second, 8, 8)); !w.Known || w.Value.Busy != 0 || w.Value.Stolen != Known(0.0) {
		t.Errorf("counters that step back: %+v", w)
	}
	if w := between(at(0, 1, 0), at(time.Second, 1, 0)); w.Value.Stolen.Known {
		t.Errorf("stolen time that was never counted: %+v", w)
	}
}

func TestPressed(t *testing.T) {
	before, after := Known(stall{1, time.Second}), Known(stall{3, 1500 * time.Millisecond})
	if got, want := pressed(before, after, 2*time.Second), Known(Pressure{Recent: 3, Now: 25}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := pressed(before, Maybe[stall]{}, time.Second); got.Known {
		t.Errorf("from nothing: %+v", got)
	}
	if got := pressed(before, after, 0); got.Known {
		t.Errorf("in no time: %+v", got)
	}
}
