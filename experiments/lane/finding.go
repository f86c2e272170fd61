package lane

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// What lasts for less than this share of a run does not count as seen: two tasks of
	// which one ends as the other begins overlap by a microsecond, and two threads of which
	// one hands a lock to the other, every few milliseconds, by a tenth of one.
	notable = 0.05
	// Tasks that run for less than this share of the time in which they run or wait are such
	// as wait.
	mostly = 0.25
	// Lanes that together held more than so many times the cores that were busy took turns on
	// them, which only the kernel knows of.
	crowded = 1.25
)

// Facts are what is to be seen in a timeline.
type Facts struct {
	AtOnce   int // lanes that ran at one time
	InFlight int // tasks that were begun and not done at one time
	Hops     int // how often the next to run was another lane
	Turns    int // how often a task began to run after another, or first
	Tasks    int
	Waits    bool // the tasks hardly ran
	Shared   bool // lanes took turns on the cores: because there are fewer of these, or others used them
}

// Facts are those of the whole timeline, if they are known, else of its slices.
func (t Timeline) Facts() Facts {
	if t.Whole != nil {
		return *t.Whole
	}
	return Facts{t.atOnce(), t.inFlight(), t.hops(), t.turns(), t.tasks(), t.waits(), t.shared()}
}

// Kind says in few words what a timeline shows: what those of one kind have in common.
func (t Timeline) Kind() string {
	switch f := t.Facts(); {
	case len(t.Slices) == 0:
		return "no task seen"
	case f.Waits && f.InFlight > 1:
		return "several tasks wait at once"
	case f.Waits:
		return "one task waits at a time"
	case f.AtOnce > 1 && f.Shared:
		return "several lanes on shared cores"
	case f.AtOnce > 1:
		return "several lanes at once"
	}
	return "one lane at a time"
}

// Finding says what a timeline shows.
func (t Timeline) Finding() string {
	f, lanes := t.Facts(), t.Lanes()
	switch {
	case f.Waits && f.InFlight > 1:
		return fmt.Sprintf("%d tasks wait at once", f.InFlight)
	case len(t.Slices) == 0 || f.Waits:
		return t.Kind()
	case f.AtOnce > 1:
		return t.parallel(f)
	case len(lanes) > 1:
		return fmt.Sprintf("%s, %s between %s", t.Kind(), plural(f.Hops, "hop"), plural(len(lanes), noun(lanes[0])))
	case f.InFlight > 1:
		return fmt.Sprintf("one lane, cut in %s of %s", plural(f.Turns, "turn"), plural(f.Tasks, "task"))
	}
	return "one lane, one task after another"
}

// parallel says how many lanes ran at once.
func (t Timeline) parallel(f Facts) string {
	said := fmt.Sprintf("%d lanes at once", f.AtOnce)
	if f.Shared {
		said += fmt.Sprintf(" on %.1f cores", t.Busy)
	}
	if f.InFlight > f.AtOnce {
		said += fmt.Sprintf(", %d tasks in flight", f.InFlight)
	}
	return said
}

func (t Timeline) shared() bool {
	var ran time.Duration
	for _, s := range t.running() {
		ran += s.End - s.Start
	}
	return float64(ran) > crowded*t.Busy*float64(t.Span())
}

// noun is what a lane is.
func noun(name string) string {
	if word, _, more := strings.Cut(name, " "); more {
		return word
	}
	return "lane"
}

func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "s"): // process
		return fmt.Sprintf("%d %ses", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (t Timeline) waits() bool {
	var ran, waited time.Duration
	for _, s := range t.Slices {
		switch s.State {
		case Running:
			ran += s.End - s.Start
		case Waiting:
			waited += s.End - s.Start
		}
	}
	return float64(ran) < mostly*float64(ran+waited)
}

func (t Timeline) atOnce() int { return most(t.running(), t.Span()) }

func (t Timeline) inFlight() int {
	whole := map[int]Slice{}
	for _, s := range t.Slices {
		if had, ok := whole[s.Task]; ok {
			s.Start, s.End = min(s.Start, had.Start), max(s.End, had.End)
		}
		whole[s.Task] = s
	}
	var all []Slice
	for _, s := range whole {
		all = append(all, s)
	}
	return most(all, t.Span())
}

// most is how many of the slices lie beside each other for a notable share of the span.
func most(all []Slice, span time.Duration) int {
	type edge struct {
		at    time.Duration
		delta int
	}
	var edges []edge
	for _, s := range all {
		if s.End > s.Start {
			edges = append(edges, edge{s.Start, 1}, edge{s.End, -1})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.delta, b.delta))
	})
	spent := make([]time.Duration, len(all)+1) // with so many
	n := 0
	for i, e := range edges {
		if i > 0 {
			spent[n] += e.at - edges[i-1].at
		}
		n += e.delta
	}
	var atLeast time.Duration
	for n := len(all); n > 0; n-- {
		if atLeast += spent[n]; float64(atLeast) >= notable*float64(span) {
			return n
		}
	}
	return 0
}

func (t Timeline) hops() int {
	hops, last := 0, ""
	for _, s := range t.running() {
		if last != "" && s.Lane != last {
			hops++
		}
		last = s.Lane
	}
	return hops
}

func (t Timeline) turns() int {
	turns, last := 0, -1
	for _, s := range t.running() {
		if s.Task != last {
			turns++
		}
		last = s.Task
	}
	return turns
}

func (t Timeline) tasks() int {
	seen := map[int]bool{}
	for _, s := range t.Slices {
		seen[s.Task] = true
	}
	return len(seen)
}
