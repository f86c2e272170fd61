package card

import (
	"slices"
	"strings"
	"testing"
)

func TestPythonsAreReadFromTheLineThatNamesThem(t *testing.T) {
	all := []Python{"3.11.7", "2.7.18", "3.13.0t", "3.15.0a1+"}
	var names []string
	for _, p := range all {
		names = append(names, p.String())
	}
	line := strings.Join(names, ", ")
	if line != "CPython 3.11.7, CPython 2.7.18, CPython 3.13.0 without GIL, CPython 3.15.0a1+" {
		t.Error(line)
	}
	if got := Pythons(line); !slices.Equal(got, all) {
		t.Errorf("%q", got)
	}
	if got := Pythons("none"); len(got) != 0 {
		t.Errorf("%q", got)
	}
	if got := WithGIL(all); slices.Contains(got, "3.13.0t") || len(got) != 3 {
		t.Errorf("with a GIL: %q", got)
	}
}

func TestReferenceIsTheFirstThatIsNewEnough(t *testing.T) {
	for names, want := range map[string]Python{"2.7.18 3.7.16": "", "2.7.18 3.10.1 3.8.0": "3.10.1", "4.0.0": "4.0.0", "3.13.0t": "3.13.0t", "3": ""} {
		var s Scale
		for name := range strings.FieldsSeq(names) {
			s.Pythons = append(s.Pythons, Python(name))
		}
		if got, err := s.Reference(); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %s, %v", names, got, err)
		}
	}
}
