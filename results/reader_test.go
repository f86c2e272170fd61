package results_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"parcon/results"
)

const plain = "goos: linux\npkg: example.org/a\nBenchmarkGet-4 1000 100.5 ns/op\nBenchmarkGet-4 1000 101.5 ns/op 3 B/op\nPASS\n"

// all reads a text and says what it holds: configuration, names, values, faults.
func all(t testing.TB, text string) (found string, r *results.Reader) {
	r = results.NewReader(t.Context(), strings.NewReader(text), "f")
	var w strings.Builder
	for r.Scan() {
		l := r.Line()
		fmt.Fprintf(&w, "%d %s", l.Number, l.Result.Name)
		for _, v := range l.Result.Values {
			value, unit := results.AsWritten(v)
			fmt.Fprintf(&w, " %v %s", value, unit)
		}
		fmt.Fprintf(&w, " %v\n", l.Config)
	}
	return w.String(), r
}

func utf16(order unicode.Endianness, mark unicode.BOMPolicy, text string) string {
	s, err := unicode.UTF16(order, mark).NewEncoder().String(text)
	if err != nil {
		panic(err)
	}
	return s
}

func utf32Of(order utf32.Endianness, mark utf32.BOMPolicy, text string) string {
	s, err := utf32.UTF32(order, mark).NewEncoder().String(text)
	if err != nil {
		panic(err)
	}
	return s
}

func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

// before puts something before each line, and after it.
func before(prefix, text, suffix string) string {
	var w strings.Builder
	for line := range strings.Lines(text) {
		w.WriteString(prefix + strings.TrimSuffix(line, "\n") + suffix + "\n")
	}
	return w.String()
}

func events(text string) string {
	var w strings.Builder
	for line := range strings.Lines(text) {
		// As go test does: the name of a benchmark comes before its result.
		name, rest, _ := strings.Cut(line, " ")
		for _, part := range []string{name + " ", rest} {
			e, _ := json.Marshal(map[string]string{"Time": "2026-01-02T03:04:05Z", "Action": "output", "Package": "example.org/a", "Output": part})
			w.Write(append(e, '\n'))
		}
	}
	return w.String()
}

func TestWrappedTextIsReadAsItWas(t *testing.T) {
	want, _ := all(t, plain)
	if strings.Count(want, "Get-4") != 2 {
		t.Fatalf("plain: %q", want)
	}
	for name, text := range map[string]string{
		"gzip":                 packed(plain),
		"two gzip files":       packed(plain[:30]) + packed(plain[30:]),
		"UTF-16 little":        utf16(unicode.LittleEndian, unicode.UseBOM, plain),
		"UTF-16 big":           utf16(unicode.BigEndian, unicode.UseBOM, plain),
		"UTF-16 without mark":  utf16(unicode.LittleEndian, unicode.IgnoreBOM, plain),
		"UTF-16 big, no mark":  utf16(unicode.BigEndian, unicode.IgnoreBOM, plain),
		"UTF-32 little":        utf32Of(utf32.LittleEndian, utf32.UseBOM, plain),
		"UTF-32 big":           utf32Of(utf32.BigEndian, utf32.UseBOM, plain),
		"UTF-32 without mark":  utf32Of(utf32.LittleEndian, utf32.IgnoreBOM, plain),
		"UTF-32 big, no mark":  utf32Of(utf32.BigEndian, utf32.IgnoreBOM, plain),
		"UTF-16 in gzip":       packed(utf16(unicode.LittleEndian, unicode.UseBOM, plain)),
		"byte-order mark":      "\ufeff" + plain,
		"marks amid":           before("\ufeff", plain, ""),
		"CRLF":                 before("", plain, "\r"),
		"colours":              before("\x1b[32m", plain, "\x1b[0m\x1b[K"),
		"a link":               before("\x1b]8;;http://a\x1b\\", plain, "\x1b]8;;\x07"),
		"GitHub":               before("2026-01-02T03:04:05.1234567Z ", plain, ""),
		"GitHub's command":     before("job\tRun go test\t2026-01-02T03:04:05.1234567Z ", plain, ""),
		"GitLab":               before("2026-01-02T03:04:05.123456Z 00O ", plain, ""),
		"Jenkins":              before("[2026-01-02T03:04:05.123Z] ", plain, ""),
		"clock":                before("[12:34:56] ", plain, ""),
		"docker compose":       before("web-1  | ", plain, ""),
		"compose, time stamps": before("web-1  | 2026-01-02T03:04:05.123456789Z ", plain, ""),
		"journald":             before("Jan 02 03:04:05 host bench[123]: ", plain, ""),
		"progress":             before("10 %\r50 %\r", plain, ""),
	} {
		t.Run(name, func(t *testing.T) {
			got, r := all(t, text)
			if got != want || r.Err() != nil || len(r.Bad) > 0 {
				t.Errorf("%q, %v, %q, want %q", got, r.Err(), r.Bad, want)
			}
		})
	}
	got, r := all(t, events(plain))
	if strings.Count(got, " Get-4 100.5 ns/op") != 1 || strings.Count(got, " Get-4 101.5 ns/op 3 B/op") != 1 || len(r.Bad) > 0 {
		t.Errorf("events: %q, %q", got, r.Bad)
	}
}

// The output of two packages may come mixed.
func TestEventsOfTwoPackages(t *testing.T) {
	line := func(pkg, text string) string {
		e, _ := json.Marshal(map[string]string{"Action": "output", "Package": pkg, "Output": text})
		return string(e) + "\n"
	}
	got, _ := all(t, line("a", "BenchmarkX ")+line("b", "BenchmarkX ")+line("b", "1 2 ns/op\n")+line("a", "1 1 ns/op\n"))
	if want := "3 X 2 ns/op [{pkg b}]\n4 X 1 ns/op [{pkg a}]\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWhatIsNoTextIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"\x28\xb5\x2f\xfd....":                        "packed (zstd): unpack it first (zstd -d)",
		"\xfd7zXZ\x00....":                            "xz",
		"BZh91AY":                                     "bzip2",
		"PK\x03\x04....":                              "zip",
		"\x04\x22\x4d\x18...":                         "lz4",
		packed(packed(plain)):                         "gzip within gzip",
		packed("\x28\xb5\x2f\xfd...."):                "zstd",
		strings.Repeat("\x00", 5000):                  "holds zero bytes",
		packed(strings.Repeat("\x00", 5000)):          "holds zero bytes",
		"\x7fELF\x02\x01" + strings.Repeat("\x00", 9): "it is no text",
	} {
		if _, r := all(t, text); r.Err() == nil || !strings.Contains(r.Err().Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, r.Err(), want)
		}
	}
}

func TestWhatIsLeftOutIsNamed(t *testing.T) {
	good := "BenchmarkX 1 5 ns/op\n"
	zipped := packed(strings.Repeat(good, 1000))
	for _, test := range []struct {
		text, bad, said string
		results         int
	}{
		{good + strings.Repeat("x", 2<<20) + "\n" + good, "f:2: the line is longer than 1 MiB", "", 2},
		{good + strings.Repeat("x", 900<<10) + "\n" + good, "", "", 2},
		{"Benchmark" + strings.Repeat("X", 100<<10) + " 1 5 ns/op\n", "", "", 1},
		{strings.Repeat(good, 500) + strings.Repeat("\x00", 100) + "\n" + good + good, "f:501: the line holds zero bytes", "", 502},
		{good + good + strings.Repeat("\x00", 100), "f:3: the line holds zero bytes", "", 2},
		{good + "BenchmarkX 1 6 ns/op", "", "the last line has no line end: it is whole, and used", 2},
		{good + "BenchmarkX 1 6 ns/o", "the last line was cut off", "", 1},
		{good + "BenchmarkX 1 6", "the last line was cut off", "", 1},
		{good + "Bench", "the last line was cut off", "", 1},
		{"rkX 1 5 ns/op\n" + good, `f:1: it looks like a result and does not begin with "Benchmark": rkX 1 5 ns/op`, "", 1},
		{"BenchmarkX \tlog: hello\n   1   5 ns/op\n" + good, "f:1: parsing iteration count", "", 1},
		{"?? BenchmarkX 1 5 ns/op\n" + good, "f:1: it looks like a result", "", 1},
		{"Benchmarking takes a while\nUnit tests passed\n" + good, "", "", 1},
		{"BenchmarkX 99999999999999999999 5 ns/op\n" + good, "f:1: parsing iteration count", "", 1},
		{"BenchmarkX 1 5\n" + good, "f:1: missing units", "", 1},
		{zipped[:len(zipped)-9], "the gzip file was cut off", "", 1000},
		{zipped + "trailing words", "behind the gzip file stands something else", "", 1000},
		{`{"Action":"output","Output":"BenchmarkX 1 5 ns/op\n"}` + "\n" + `{"Action":"output","Outp`, "f:2: it is a line of JSON that cannot be read", "", 1},
	} {
		got, r := all(t, test.text)
		if n := strings.Count(got, "\n"); n != test.results || r.Err() != nil {
			t.Errorf("%.40q: %d results, %v, want %d", test.text, n, r.Err(), test.results)
		}
		if bad := strings.Join(r.Bad, "; "); !strings.Contains(bad, test.bad) || test.bad == "" && bad != "" {
			t.Errorf("%.40q: %q, want %q", test.text, bad, test.bad)
		}
		if said := strings.Join(r.Said, "; "); !strings.Contains(said, test.said) || test.said == "" && said != "" {
			t.Errorf("%.40q: said %q, want %q", test.text, said, test.said)
		}
	}
}

// Configuration counts where the format says so; what a program prints that go test
// runs is none.
func TestConfigurationOfAnothersFile(t *testing.T) {
	x := "BenchmarkX-4 1 5 ns/op\n"
	for text, want := range map[string]string{
		"pkg: a\ncpu: c\nmemory: 8 used\n" + x + "memory: 9 used\ncpu: 93 %\nhost: db\n" + x: "[{pkg a} {cpu c}]",
		"commit: a\n" + x + "commit: b\n" + x:                                                "[{commit b}]",
		"pkg: a\ncpu: c\n" + x + "PASS\ncpu: d\n" + x:                                        "[{pkg a} {cpu d}]",
		"pkg: a\n" + x + "goos: linux\ncpu: d\n" + x:                                         "[{pkg a} {goos linux} {cpu d}]",
		"go: downloading example.org/a v1\npanic: no\n" + x:                                  "[]",
		"go: go1.26\n" + x: "[{go go1.26}]",
	} {
		got, _ := all(t, text)
		lines := strings.Split(strings.TrimSpace(got), "\n")
		if last := lines[len(lines)-1]; !strings.HasSuffix(last, want) {
			t.Errorf("%q: %q, want %q", text, last, want)
		}
	}
	// Our words, in another's file, are names and units like others.
	got, r := all(t, "pkg: a\nBenchmarkX/failed=no-4 1 5 ns/op 7 round 1 failed\n")
	if r.Own() || !strings.Contains(got, "X/failed=no-4 5 ns/op 7 round 1 failed") || r.Line().Failed != "" {
		t.Errorf("%q", got)
	}
}

// What go test says of a failure is one, and what the shell, make and others say that
// ran it; what only sounds so is none.
func TestWhatFailedIsSaid(t *testing.T) {
	for line, broken := range map[string]bool{
		"FAIL": true, "FAIL\ta [build failed]": true, "--- FAIL: BenchmarkX": true, "    --- FAIL: BenchmarkX/a": true,
		"panic: boom": true, "fatal error: out of memory": true, "unexpected fault address 0x0": true, "exit status 2": true,
		"signal: killed": true, "SIGQUIT: quit": true, "*** Test killed with quit: ran too long (11m0s).": true,
		"WARNING: DATA RACE": true, "Killed": true, "Segmentation fault (core dumped)": true,
		"make: *** [Makefile:3: bench] Error 1": true, "gmake[1]: *** [bench] Error 2": true,
		"Command exited with non-zero status 1": true, "Command terminated by signal 9": true,
		"##[error]Process completed with exit code 1.": true, "2026-01-02T03:04:05Z Error: Process completed with exit code 2.": true,
		"exit status 0": false, "FAILED to find a cache, making one": false, "Killed 3 rats": false, "--- SKIP: BenchmarkX": false,
		"--- BENCH: BenchmarkX-4": false, "?   \ta\t[no test files]": false, "testing: warning: no tests to run": false,
		"I panic: no": false, "Error: Process completed with exit code 0": false, "make: Nothing to be done": false,
	} {
		_, r := all(t, plain+line+"\n")
		if (len(r.Broken) > 0) != broken || broken && !strings.HasPrefix(r.Broken[0], "f:6: ") {
			t.Errorf("%q: %q, want one: %v", line, r.Broken, broken)
		}
	}
}

// Numbers as Go's reader takes them; a zero has no sign.
func TestNumbersOfValues(t *testing.T) {
	for text, want := range map[string]string{
		"-0": "0", "-0.0": "0", "+5": "5", ".5": "0.5", "5.": "5", "0x1p4": "16", "1e3": "1000", "1e-400": "0",
		"NaN": "", "-Inf": "", "infinity": "", "1e400": "", "1,5": "", "-5": "", "5ns": "",
	} {
		got, r := all(t, "BenchmarkX 1 "+text+" ns/op\n")
		for _, v := range r.Line().Lost {
			r.Lose(v)
		}
		switch {
		case want == "" && (len(r.Bad) != 1 || !strings.HasPrefix(r.Bad[0], "f:1: ")):
			t.Errorf("%s: %q is not named: %q", text, got, r.Bad)
		case want != "" && (len(r.Bad) != 0 || got != "1 X "+want+" ns/op []\n"):
			t.Errorf("%s: %q, %q, want %s", text, got, r.Bad, want)
		}
	}
}

const own = "cores: 2\nhost: a\nprofile: quick\nseed: 1\n\n"

func TestOneFileIsOneRun(t *testing.T) {
	line := func(round int) string { return fmt.Sprintf("BenchmarkX/a=b 1 5 ns/op %d round\n", round) }
	for text, want := range map[string]string{
		own + line(0) + "cores: 64\nhost: b\n" + line(1):     `f:9: another run begins here: cores is "2" before and "64" here (also host)`,
		own + line(0) + "seed: 2\n" + line(1):                `seed is "1" before and "2" here`,
		own + line(0) + "quota: none\n" + line(1):            "",
		own + line(0) + "rounds: 9\ndate: today\n" + line(1): "",
		own + line(0) + "pkg: example.org/a\n" + line(1):     "pkg",
	} {
		_, r := all(t, text)
		if (r.Err() == nil) != (want == "") || r.Err() != nil && !strings.Contains(r.Err().Error(), want) {
			t.Errorf("%q: %v, want %q", text, r.Err(), want)
		}
	}
	for _, rounds := range [][]int{{0, 1, 1}, {0, 1, 0}, {1, 0, 1}} {
		var text string
		for _, n := range rounds {
			text += line(n)
		}
		if got, r := all(t, own+text); strings.Count(got, "\n") != 2 || len(r.Bad) != 1 || !strings.Contains(r.Bad[0], "f:8: X/a=b was measured in round") {
			t.Errorf("%v: %q, %q", rounds, got, r.Bad)
		}
	}
	for _, bad := range []string{"-3", "1.5", "1e12", "NaN"} {
		if _, r := all(t, own+"BenchmarkX/a=b 1 5 ns/op "+bad+" round\n"); len(r.Bad) != 1 || !strings.Contains(r.Bad[0], "is no round") {
			t.Errorf("round %s: %q", bad, r.Bad)
		}
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	r := results.NewReader(ctx, endless{}, "f")
	if !r.Scan() {
		t.Fatal(r.Err())
	}
	stop()
	for r.Scan() {
	}
	if r.Err() == nil || !strings.Contains(r.Err().Error(), "stopped") {
		t.Error(r.Err())
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, "BenchmarkX 1 5 ns/op\n"), nil }

type prose struct{}

func (prose) Read(p []byte) (int, error) {
	return copy(p, strings.Repeat("a long line of prose, and no end to it ", 1000)+"\n"), nil
}

func TestProseWithoutEndIsLeft(t *testing.T) {
	r := results.NewReader(t.Context(), prose{}, "f")
	for r.Scan() {
	}
	if r.Err() == nil || !strings.Contains(r.Err().Error(), "hold no result: it is no result file") {
		t.Error(r.Err())
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	hole := filepath.Join(dir, "hole")
	f, err := os.Create(hole)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(20 << 30); err != nil {
		t.Skip(err)
	}
	f.Close()
	for path, want := range map[string]string{hole: "20 GB", os.DevNull: "device"} {
		if _, err := results.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	gz := filepath.Join(dir, "trials.txt")
	if err := os.WriteFile(gz, []byte(packed(own)), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := results.Read(t.Context(), gz); err == nil || !strings.Contains(err.Error(), "gzip") {
		t.Errorf("a run that is packed goes on: %v", err)
	}
}

func FuzzReader(f *testing.F) {
	for _, text := range []string{plain, own + "BenchmarkX/a=b 1 5 ns/op 0 round\n", packed(plain), events(plain), utf16(unicode.LittleEndian, unicode.UseBOM, plain), "Unit x better=\nBenchmarkX 1 -1 x", "\x1b[", "{\"Action\""} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, r := all(t, string(text))
		for _, line := range append(append(r.Bad, r.Said...), r.Broken...) {
			if strings.ContainsAny(line, "\n\r") {
				t.Errorf("%q has several lines", line)
			}
		}
	})
}
