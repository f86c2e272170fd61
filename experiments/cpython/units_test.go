package cpython

import (
	"encoding/json"
	"maps"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parcon/runner/protocol"
)

func TestParseUnitsRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"":                         `its result "" is not JSON of numbers: `,
		"null":                     "its result holds no value",
		"{}\n":                     "its result holds no value",
		`{"a": null}`:              `its result has no number for the unit "a"`,
		`{"a": "1"}`:               "its result ",
		`{"a": 1e999}`:             "its result ",
		`{"a": Infinity}`:          "its result ",
		`{"a": 1} {"b": 2}`:        "its result ",
		`{"": 1}`:                  `its result has the unit "", which is not one printable word`,
		`{"ns op": 1}`:             `its result has the unit "ns op", which is not one printable word`,
		`{"a\nb": 1}`:              `its result has the unit "a\nb", which is not one printable word`,
		`{"a": true}`:              "its result ",
		strings.Repeat("[", 99999): "its result ",
	} {
		if m, err := parseUnits([]byte(line)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.50q: %v, %v, want %s", line, m, err, want)
		}
	}
}

func TestParseUnitsReadsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit, value := rapid.StringMatching(`[a-z0-9/-]{1,12}`), rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64)
		want := rapid.MapOfN(unit, value, 1, 5).Draw(t, "units")
		line, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := parseUnits(append(line, '\r', '\n')); err != nil || !maps.Equal(m, protocol.Measurement(want)) {
			t.Fatalf("%s: %v, %v", line, m, err)
		}
	})
}

func FuzzParseUnits(f *testing.F) {
	f.Add([]byte(`{"ns/op": 113.95, "lost": 142315, "tries": 1000000}` + "\n"))
	f.Add([]byte(`{"a": null}`))
	f.Add([]byte(`{"a": NaN}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := parseUnits(line)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: more than one line: %v", line, err)
			}
			return
		}
		if len(m) == 0 {
			t.Errorf("%q: no value", line)
		}
		for unit, value := range m {
			if len(strings.Fields(unit)) != 1 || math.IsNaN(value) || math.IsInf(value, 0) {
				t.Errorf("%q: %q is %v", line, unit, value)
			}
		}
	})
}

// Whatever is written in whatever pieces, the end of it is kept.
func TestTail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var kept tail
		var all strings.Builder
		for _, size := range rapid.SliceOfN(rapid.IntRange(0, 3*maxTail/2), 0, 6).Draw(t, "sizes") {
			piece := strings.Repeat(rapid.StringMatching(`[a-z\n]`).Draw(t, "letter"), size)
			if n, err := kept.Write([]byte(piece)); n != size || err != nil {
				t.Fatal(n, err)
			}
			all.WriteString(piece)
		}
		text := all.String()
		if want := text[max(0, len(text)-maxTail):]; string(kept.kept) != want {
			t.Fatalf("%d bytes were kept of %d", len(kept.kept), len(text))
		}
	})
}

func TestLastLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		" \n\n":                          "",
		"one":                            "one",
		"Traceback:\n  x\nValueError: y": "ValueError: y",
		"a\r\nb \r\n\n":                  "b",
		"a\n\xff!":                       "?!",
	} {
		if got := (&tail{[]byte(text)}).lastLine(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
