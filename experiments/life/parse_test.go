package life

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func statText(name, state string, start int64) string {
	return fmt.Sprintf("12 (%s) %s 1 1 1 0 -1 4194560 5 0 0 0 30 4 9 9 20 0 1 0 %d 1024 7\n", name, state, start)
}

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		text string
		want stat
		ok   bool
	}{
		{statText("cc1", "R", 500), stat{'R', 500}, true},
		{statText("a) S (b", "Z", 7), stat{'Z', 7}, true},
		{statText("", "S", 0), stat{'S', 0}, true},
		{statText("cc1", "RS", 500), stat{}, false},
		{statText("cc1", "R", -1), stat{}, false},
		{"12 (cc1) R 1 1 1", stat{}, false},
		{"12", stat{}, false},
		{"", stat{}, false},
	} {
		if got, ok := parseStat([]byte(c.text)); got != c.want || ok != c.ok {
			t.Errorf("%q: %v, %v, want %v, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

func TestParseStatFindsTheStateBehindAnyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(0, 16, 64).Draw(t, "name")
		want := stat{rapid.SampledFrom([]byte("RSDTtZXI")).Draw(t, "state"), rapid.Int64Range(0, math.MaxInt64).Draw(t, "start")}
		if got, ok := parseStat([]byte(statText(name, string(want.state), want.start))); !ok || got != want {
			t.Fatalf("%v, %v, want %v", got, ok, want)
		}
	})
}

func TestParseParent(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
		ok   bool
	}{
		{"Name:\tcat\nState:\tR (running)\nPid:\t12\nPPid:\t9532\nUid:\t0\n", 9532, true},
		{"PPid:\t0\n", 0, true},
		{"PPid: 5", 5, true},
		{"PPid:\t-5\n", 0, false},
		{"PPid:\t99999999999\n", 0, false},
		{"PPid:\n", 0, false},
		{"Name:\tPPid: 5\n", 0, false}, // a process may call itself so
		{"", 0, false},
	} {
		if got, ok := parseParent([]byte(c.text)); got != c.want || ok != c.ok {
			t.Errorf("%q: %v, %v, want %v, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte(statText("cc1", "R", 500)))
	f.Add([]byte(")"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, ok := parseStat(text); s.start < 0 || ok == (s.state == 0 && s.start == 0) && !strings.Contains(string(text), "\x00") {
			t.Fatalf("%q: %v, %v", text, s, ok)
		}
	})
}

func FuzzParseParent(f *testing.F) {
	f.Add([]byte("Pid:\t12\nPPid:\t9532\n"))
	f.Add([]byte("PPid:\t-0\nPPid:\t1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if pid, ok := parseParent(text); pid < 0 || pid > math.MaxInt32 || !ok && pid != 0 {
			t.Fatalf("%q: %d, %v", text, pid, ok)
		}
	})
}
