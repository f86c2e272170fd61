package lane

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// magic is the first line of the text form.
const magic = "parcon lanes 1"

// head explains the form to whoever opens a file.
const head = magic + `
# timeline VARIANT CORES CORES-BUSY SLICES-LEFT-OUT
# seen LANES-AT-ONCE TASKS-IN-FLIGHT HOPS TURNS TASKS WAITS(0,1) CORES-SHARED(0,1), before slices were left out
# slice START END STATE TASK CORE-AT-START CORE-AT-END LANE
# times in nanoseconds since the beginning of the run; core -1 was not looked at; lane - is none
`

// none stands for the lane of a task that holds none.
const none = "-"

// Write writes timelines in their text form.
func Write(w io.Writer, all []Timeline) error {
	out := bufio.NewWriter(w)
	out.WriteString(head)
	for _, t := range all {
		fmt.Fprintf(out, "timeline %s %d %s %d\n", t.Variant, t.Cores, strconv.FormatFloat(t.Busy, 'g', 4, 64), t.Left)
		if f := t.Whole; f != nil {
			fmt.Fprintf(out, "seen %d %d %d %d %d %d %d\n", f.AtOnce, f.InFlight, f.Hops, f.Turns, f.Tasks, bit(f.Waits), bit(f.Shared))
		}
		for _, s := range t.Slices {
			name := s.Lane
			if name == "" {
				name = none
			}
			fmt.Fprintf(out, "slice %d %d %s %d %d %d %s\n", s.Start.Nanoseconds(), s.End.Nanoseconds(), s.State, s.Task, s.Core, s.Last, name)
		}
	}
	return out.Flush() // which tells of any error before it
}

func bit(is bool) int {
	if is {
		return 1
	}
	return 0
}

// Read reads what Write wrote. Its error names the line.
func Read(r io.Reader) ([]Timeline, error) {
	in := bufio.NewScanner(r)
	var all []Timeline
	for n := 1; in.Scan(); n++ {
		if n == 1 {
			if in.Text() != magic {
				return nil, fmt.Errorf("reading lanes: line 1 is %.40q, want %q", in.Text(), magic)
			}
			continue
		}
		if err := add(&all, in.Text()); err != nil {
			return nil, fmt.Errorf("reading lanes: line %d: %w", n, err)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("reading lanes: %w", err)
	}
	return all, nil
}

// add takes one line after the first.
func add(all *[]Timeline, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "" || line[0] == '#':
		return nil
	case word == "timeline":
		t, err := parseTimeline(rest)
		*all = append(*all, t)
		return err
	case len(*all) == 0:
		return fmt.Errorf("it begins with %.40q, want a timeline first", word)
	}
	t := &(*all)[len(*all)-1]
	switch word {
	case "seen":
		f, err := parseFacts(rest)
		t.Whole = &f
		return err
	case "slice":
		s, err := parseSlice(rest)
		t.Slices = append(t.Slices, s)
		return err
	}
	return fmt.Errorf("it begins with %.40q, want timeline, seen or slice", word)
}

// parseFacts reads what was seen in a timeline.
func parseFacts(text string) (Facts, error) {
	f := strings.Fields(text)
	var n [7]int
	if len(f) != len(n) {
		return Facts{}, fmt.Errorf("what was seen has %d words, want %d", len(f), len(n))
	}
	for i := range n {
		var err error
		if n[i], err = strconv.Atoi(f[i]); err != nil || n[i] < 0 || i >= 5 && n[i] > 1 {
			return Facts{}, fmt.Errorf("what was seen has %.40q where a number is due", f[i])
		}
	}
	return Facts{n[0], n[1], n[2], n[3], n[4], n[5] == 1, n[6] == 1}, nil
}

func parseTimeline(text string) (t Timeline, err error) {
	f := strings.Fields(text)
	if len(f) != 4 {
		return t, fmt.Errorf("a timeline of %d words, want 4", len(f))
	}
	var wrong [3]error
	t.Variant = f[0]
	t.Cores, wrong[0] = strconv.Atoi(f[1])
	t.Busy, wrong[1] = strconv.ParseFloat(f[2], 64)
	t.Left, wrong[2] = strconv.Atoi(f[3])
	if errors.Join(wrong[:]...) != nil || !(t.Busy >= 0 && t.Busy <= math.MaxFloat64) || t.Cores < 0 || t.Left < 0 {
		return t, fmt.Errorf("a timeline with %.40q cores, %.40q of them busy and %.40q slices left out: want numbers from 0", f[1], f[2], f[3])
	}
	return t, nil
}

func parseSlice(text string) (Slice, error) {
	f := strings.SplitN(text, " ", 7)
	if len(f) != 7 || strings.TrimSpace(f[6]) == "" {
		return Slice{}, fmt.Errorf("a slice of %d words, want 7", len(f))
	}
	s := Slice{State: State(f[2]), Lane: f[6]}
	if s.State != Running && s.State != Waiting && s.State != Ready {
		return Slice{}, fmt.Errorf("a slice in the state %.40q", f[2])
	}
	if s.Lane == none {
		s.Lane = ""
	}
	var number [5]int64
	for i, at := range []int{0, 1, 3, 4, 5} {
		var err error
		if number[i], err = strconv.ParseInt(f[at], 10, 64); err != nil {
			return Slice{}, fmt.Errorf("a slice with %.40q where a number is due", f[at])
		}
	}
	s.Start, s.End = time.Duration(number[0]), time.Duration(number[1])
	s.Task, s.Core, s.Last = int(number[2]), int(number[3]), int(number[4])
	if s.Start < 0 || s.End < s.Start || s.Task < 0 || s.Core < Unknown || s.Last < Unknown {
		return Slice{}, fmt.Errorf("a slice from %v to %v of task %d on the cores %d and %d", s.Start, s.End, s.Task, s.Core, s.Last)
	}
	return s, nil
}
