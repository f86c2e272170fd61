package card

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Python names a CPython as variants do: by its version, such as 3.11.7, with a t at
// the end if it has no GIL, which is how CPython's own builds are called
// (python3.13t; PEP 703).
type Python string

// GIL says whether one thread runs Python at a time in it.
func (p Python) GIL() bool { return !strings.HasSuffix(string(p), "t") }

// AtLeast says whether it is that version or a later one.
func (p Python) AtLeast(major, minor int) bool {
	parts := strings.Split(string(p), ".")
	if len(parts) < 2 {
		return false
	}
	is, err1 := strconv.Atoi(parts[0])
	of, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (is > major || is == major && of >= minor)
}

// String names it as people do: CPython 3.11.7.
func (p Python) String() string {
	if p.GIL() {
		return "CPython " + string(p)
	}
	return "CPython " + strings.TrimSuffix(string(p), "t") + withoutGIL
}

const withoutGIL = " without GIL"

// Pythons reads the names of several, as a result file has them after each other.
func Pythons(line string) []Python {
	var all []Python
	for name := range strings.SplitSeq(line, ", ") {
		version, ok := strings.CutPrefix(name, "CPython ")
		if !ok {
			continue // none
		}
		if free, ok := strings.CutSuffix(version, withoutGIL); ok {
			version = free + "t"
		}
		all = append(all, Python(version))
	}
	return all
}

// Reference is the CPython that mechanisms of Go are measured beside: the first that is
// new enough for them.
func (s Scale) Reference() (Python, error) {
	for _, p := range s.Pythons {
		if p.Modern() {
			return p, nil
		}
	}
	return "", fmt.Errorf("there is no CPython: install python3, %d.%d or later, or name one with --python", modern[0], modern[1])
}

// modern is the oldest version of which mechanisms are measured.
var modern = [2]int{3, 8}

// Modern says that it is new enough for mechanisms to be measured on it.
func (p Python) Modern() bool { return p.AtLeast(modern[0], modern[1]) }

// WithGIL are those of some that have one.
func WithGIL(all []Python) []Python {
	return slices.DeleteFunc(slices.Clone(all), func(p Python) bool { return !p.GIL() })
}
