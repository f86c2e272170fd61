package card

import (
	"cmp"
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
	if got := WithGIL(all); !slices.Equal(got, []Python{"3.15.0a1+", "3.11.7", "2.7.18"}) { // the newest first
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

func TestVersionsAreValuesOfAKey(t *testing.T) {
	key := Choice{Key: "python", Pythons: true}
	list := []Card{{Name: "made", Keys: []Choice{key}}}
	for _, name := range []string{"3.11.7", "3.13.0t", "2.7.18", "3.15.0a1+", "3.11"} {
		if _, _, err := Parse(list, Of("made", "python", name).String()); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"3", "3.11.7 ", "pypy", "cpython", "t", "3.11.7tt", "-3.1", "3.11.70000000000000000000"} {
		_, _, err := Parse(list, Key+"=made/python="+name)
		if err == nil || !strings.Contains(err.Error(), "give a version of CPython, such as 3.11.7") && !strings.HasPrefix(err.Error(), "variant") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if got := key.Word("3.13.0t"); got != "CPython 3.13.0 without GIL" {
		t.Error(got)
	}
}

// What is no version comes last, so that rows of CPythons stand before others.
func TestVersionsAreInOrder(t *testing.T) {
	want := []string{"", "2.7.18", "3.6.15", "3.9.0", "3.11", "3.11.7", "3.13.0", "3.13.0t", "3.13.1", "4.0.0", "gil", "goroutine"}
	key := Choice{Key: "python", Pythons: true}
	for i, a := range want {
		for j, b := range want {
			if got := key.Compare(a, b); got != cmp.Compare(i, j) {
				t.Errorf("%q and %q are in order %d", a, b, got)
			}
		}
	}
}
