package card

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
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
		number, ok := strings.CutPrefix(name, "CPython ")
		if !ok {
			continue // none
		}
		if free, ok := strings.CutSuffix(number, withoutGIL); ok {
			number = free + "t"
		}
		all = append(all, Python(number))
	}
	return all
}

// Named says whether it can be the name of one.
func (p Python) Named() bool { return version().MatchString(string(p)) }

// version is one as CPython writes it, and a t. It takes a fifth of a millisecond to
// compile, for which a process that plays a part has no use.
var version = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?((?:a|b|rc)[0-9]{1,4})?\+?t?$`)
})

// Compare orders them by version, a build without GIL behind that with one. None comes
// first, what is no version last.
func (p Python) Compare(other Python) int {
	a, b := version().FindStringSubmatch(string(p)), version().FindStringSubmatch(string(other))
	switch {
	case p == other:
		return 0
	case p == "", other != "" && b == nil && a != nil:
		return -1
	case other == "", a == nil && b != nil:
		return 1
	}
	for i := 1; i < min(4, len(a), len(b)); i++ {
		x, _ := strconv.Atoi(a[i])
		y, _ := strconv.Atoi(b[i])
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return strings.Compare(string(p), string(other))
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

// WithGIL are those of some that have one, the newest first: of a sentence that is judged
// under each its verdict counts, as what was true of an old one is history.
func WithGIL(all []Python) []Python {
	have := slices.DeleteFunc(slices.Clone(all), func(p Python) bool { return !p.GIL() })
	slices.SortStableFunc(have, func(a, b Python) int { return b.Compare(a) })
	return have
}
