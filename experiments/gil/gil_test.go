package gil

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/card/cardtest"
	"parcon/experiments/cpython"
	"parcon/experiments/variant"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

var found = sync.OnceValue(func() []cpython.Interpreter {
	all, _ := cpython.Search([]string{cpython.Default()})
	return all
})

// environment is that of trials on the CPython of this machine, under its own name. Where
// there is none the name is some version's.
func environment() (card.Env, card.Python) {
	for _, i := range found() {
		return card.Env{Pythons: map[card.Python]string{i.Name(): i.Path}}, i.Name()
	}
	return card.Env{}, "3.11.7"
}

// run makes a trial, at the GOMAXPROCS that its variant asks for.
func run(t *testing.T, one card.Card, v variant.Variant, ops int) (protocol.Measurement, error) {
	t.Helper()
	env, _ := environment()
	if v.Get(versions.Key) != "" && len(env.Pythons) == 0 {
		t.Skip("there is no CPython here")
	}
	proctest.Tidy(t)
	if one.Procs != nil {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(one.Procs(v, runtime.NumCPU())))
	}
	s, err := one.Prepare(card.Trial{Variant: v, Ops: ops, Env: env})
	if err != nil {
		return nil, err
	}
	m, err := s.Run()
	return m, errors.Join(err, s.Close())
}

func TestEveryVariant(t *testing.T) {
	_, python := environment()
	units := cardtest.NewUnits(t, Chapter.Cards)
	for _, c := range Chapter.Cards {
		for _, v := range cardtest.Variants(c, map[string][]string{versions.Key: {string(python)}}) {
			t.Run(v.String(), func(t *testing.T) {
				one, _, err := card.Parse(Chapter.Cards, v.String())
				if err != nil {
					t.Fatal(err)
				}
				units.Try(t, one)
				m, err := run(t, one, v, 4)
				if refused(v) {
					if err == nil || m != nil {
						t.Errorf("it was not refused: %v", m)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				units.Check(t, one, m)
				ordered(t, m, "ns/op")
				ordered(t, m, requestHalf, requestMost)
				ordered(t, m, releaseLength, stretchLength)
				ordered(t, m, stretchTime)
			})
		}
	}
}

// refused are variants that nobody can measure.
func refused(v variant.Variant) bool {
	python, way := v.Get(versions.Key), v.Get("way")
	if v.Get(card.Key) == convoy.Name {
		return (python == "") == (way == "")
	}
	return way == subinterpreter && !ownLocks(card.Python(python))
}

// ordered fails if units that are there are not above 0, each at most the next.
func ordered(t *testing.T, m protocol.Measurement, units ...string) {
	t.Helper()
	least := 0.0
	for _, unit := range units {
		if value, ok := m[unit]; ok && (value <= 0 || value < least) {
			t.Errorf("%s is %v: %v", unit, value, m)
		}
		least = m[unit]
	}
}

func TestAPythonThatIsNotThereOrFailsIsOneLine(t *testing.T) {
	proctest.Tidy(t)
	broken := filepath.Join(t.TempDir(), "python")
	if runtime.GOOS != "windows" {
		if err := os.WriteFile(broken, []byte("#!/bin/sh\necho it is broken >&2\nexit 3\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	env := card.Env{Python: "/nowhere/python3", Pythons: map[card.Python]string{"3.8.1": broken}}
	for name, want := range map[string]string{
		"mechanism=interval/python=2.7.18":                    "measuring interval: there is no CPython 2.7.18: name it with --python",
		"mechanism=convoy/load=1/python=3.13.0t":              "measuring convoy: there is no CPython 3.13.0 without GIL: name it with --python",
		"mechanism=parallel/python=3.11.7/way=subinterpreter": "making interpreters with a lock of their own: CPython 3.11.7 has none: name CPython 3.12 or later",
		"mechanism=interval/python=3.8.1":                     "it is broken",
	} {
		if want == "it is broken" && runtime.GOOS == "windows" {
			continue
		}
		one, v, err := card.Parse(Chapter.Cards, name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = one.Prepare(card.Trial{Variant: v, Ops: 1, Env: env})
		if err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// A session that is closed before it ran leaves neither process nor goroutine.
func TestASessionMayBeClosedUnused(t *testing.T) {
	env, python := environment()
	for _, v := range []variant.Variant{
		intervalOf(python), parallelOf(python, threads), convoyOf(versions.Key, string(python), 2),
		convoyOf("way", locked, 2), convoyOf("way", goroutines, 1), convoyOf("way", emulated, 1),
	} {
		t.Run(v.String(), func(t *testing.T) {
			if v.Get(versions.Key) != "" && len(env.Pythons) == 0 {
				t.Skip("there is no CPython here")
			}
			proctest.Tidy(t)
			one, err := card.Find(Chapter.Cards, v.Get(card.Key))
			if err != nil {
				t.Fatal(err)
			}
			s, err := one.Prepare(card.Trial{Variant: v, Ops: 1000, Env: env})
			if err == nil {
				err = s.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// python says what an expression is, with what is in the script.
func python(t *testing.T, expression string) string {
	t.Helper()
	if len(found()) == 0 {
		t.Skip("there is no CPython here")
	}
	text, _, _ := strings.Cut(script, `if __name__ == "__main__":`)
	said, err := exec.Command(found()[0].Path, "-c", text+"\nprint("+expression+")").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return strings.TrimSpace(string(said))
}

func TestTheStepOfStretches(t *testing.T) {
	for expression, want := range map[string]string{
		// Every 101 ticks, of which a turn has 4: whole turns, some of them one more.
		"round(common_step(sorted(int(25.25 * k) + k % 2 for k in range(3, 60, 2))), 1)":               "50.5",
		"round(common_step(sorted(int(25.25 * k) for k in (3, 3, 3, 4, 4, 4, 4, 5, 8, 8, 20, 9, 9))))": "25",
		// All the same, too few, and no step at all.
		"common_step([70] * 50)":          "0",
		"common_step([70, 95, 120, 145])": "0",
		"common_step([])":                 "0",
		"common_step(sorted(i * i * 7 % 30011 for i in range(1, 80)))": "0",
		"common_step([50000 + i * 3001 for i in range(12)])":           "0",
	} {
		if got := python(t, expression); got != want {
			t.Errorf("%s is %s, want %s", expression, got, want)
		}
	}
}

// The loop is some bytecodes for the test, some for the sum and a jump, in whatever version.
func TestTheLoopHasABytecodeForEachThingThatItDoes(t *testing.T) {
	if got := python(t, "8 <= bytecodes_of_loop(spin) <= 14"); got != "True" {
		t.Errorf("a turn has %s bytecodes", python(t, "bytecodes_of_loop(spin)"))
	}
	if got := python(t, "[bytecodes_of_loop(spin), spin([2], 1)][1]"); got != "0" {
		t.Errorf("it turned %s times after another thread ran", got)
	}
}

func TestLatency(t *testing.T) {
	m := latency([]int64{3, 1, 2, 10})
	if m["ns/op"] != 4 || m[requestHalf] != 2 || m[requestMost] != 10 {
		t.Error(m)
	}
	if m := latency([]int64{5}); m[requestHalf] != 5 || m[requestMost] != 5 {
		t.Error(m)
	}
	many := make([]int64, 200)
	for i := range many {
		many[i] = int64(200 - i)
	}
	if m := latency(many); m[requestHalf] != 100 || m[requestMost] != 198 {
		t.Error(m)
	}
}

func TestRoughly(t *testing.T) {
	for count, want := range map[float64]string{7: "7", 99: "99", 278: "280", 1_655_432: "1,700,000"} {
		if got := roughly(count); got != want {
			t.Errorf("%v is %s, want %s", count, got, want)
		}
	}
}

func TestClaimsAreJudgedOnEachPythonThatTheySpeakOf(t *testing.T) {
	for names, want := range map[string]string{
		"":                      "G1: G2: G3:",
		"2.7.18":                "G1:2.7.18 G2:2.7.18 G3:",
		"3.13.0t":               "G1: G2: G3:3.13.0t",
		"3.11.7 3.12.1 3.13.0t": "G1:3.12.1,3.11.7 G2:3.12.1,3.11.7 G3:3.12.1,3.13.0t",
	} {
		var s card.Scale
		s.Cores = 2
		for name := range strings.FieldsSeq(names) {
			s.Pythons = append(s.Pythons, card.Python(name))
		}
		var got []string
		for _, claim := range Chapter.Claims(s) {
			var on []string
			for _, one := range claim.All() {
				for _, k := range one.Comparisons {
					on = append(on, k.Of.Get(versions.Key))
				}
			}
			got = append(got, claim.ID+":"+strings.Join(on, ","))
			if (claim.Unmeasured == "") != (len(on) > 0) {
				t.Errorf("%q: %s is judged on %q, and not measured because %q", names, claim.ID, on, claim.Unmeasured)
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%q: %s, want %s", names, text, want)
		}
	}
}

// Where there is no CPython the ways of Go are measured.
func TestCasesAreOfThePythonsThatThereAre(t *testing.T) {
	for _, names := range [][]card.Python{nil, {"3.11.7"}, {"2.7.18", "3.13.0t"}} {
		var on []string
		for _, c := range Chapter.Cases(card.Scale{Cores: 2, Depth: card.Full, Pythons: names}) {
			if p := c.Variant.Get(versions.Key); p != "" && !slices.Contains(on, p) {
				on = append(on, p)
			}
			if _, _, err := card.Parse(Chapter.Cards, c.Variant.String()); err != nil || refused(c.Variant) {
				t.Errorf("%s: %v", c.Variant, err)
			}
		}
		if len(on) != len(names) {
			t.Errorf("%q: variants of %q", names, on)
		}
	}
}
