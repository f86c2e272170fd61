package costs

import (
	"fmt"
	"slices"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/tasks"
	"parcon/experiments/variant"
)

// lengths compares a process for every task with a pool of processes, at several
// lengths of tasks. Its variants are those of the grid.
var lengths = card.Card{
	Name: "lengths", Doc: "a process for every task and a pool of processes, by length of the tasks",
	Cases: lengthCases, Claims: lengthClaims,
	Sections: lengthsSections,
}

func lengthsSections() []section.Section {
	return []section.Section{{
		Topic: "A pool or a process for every task", Claims: []string{"U4"},
		Form: section.Func(pooling),
	}}
}

// taskLengths are those at which the two are compared.
func taskLengths(d card.Depth) []string {
	if d == card.Quick {
		return []string{"100us", "1ms", "10ms"}
	}
	return []string{"100us", "300us", "1ms", "3ms", "10ms", "30ms", "100ms", "300ms"}
}

// lengthTasks are how many tasks of a length one worker runs in a trial. With five
// times as many of the shortest the ratios, of 15 and 3, stray as much: 15 % to 30 %.
var lengthTasks = map[string]int{"100us": 12, "300us": 12, "1ms": 8, "3ms": 8, "10ms": 4, "30ms": 3, "100ms": 3, "300ms": 1}

func lengthy(length, model string, workers int) variant.Variant {
	return tasks.Variant("hash/length="+length, model, workers)
}

func lengthCases(s card.Scale) []card.Case {
	var cases []card.Case
	for _, length := range taskLengths(s.Depth) {
		for _, model := range []string{"process", "process-pool"} {
			cases = append(cases, card.Run(lengthTasks[length]*s.Cores, lengthy(length, model, s.Cores)))
		}
	}
	return cases
}

func lengthClaims(s card.Scale) []card.Claim {
	pooled := card.Claim{ID: "U4", Text: "For tasks of up to a millisecond a pool of processes beats a process for every task"}
	for _, length := range []string{"100us", "1ms"} {
		pooled.Comparisons = append(pooled.Comparisons,
			card.Is(card.Throughput, lengthy(length, "process-pool", s.Cores), card.More, lengthy(length, "process", s.Cores)))
	}
	return []card.Claim{pooled}
}

// A compared length is the throughput of a pool over that of a process for each task,
// with tasks of some length.
type compared struct {
	text   string
	length time.Duration
	ratio  number.Interval
}

// differs and same say that the two surely differ by more than the margin, or by
// less.
func (c compared) differs() bool {
	return c.ratio.Known() && (c.ratio.Low > card.Same || c.ratio.High < 1/card.Same)
}

func (c compared) same() bool {
	return c.ratio.Known() && c.ratio.Low >= 1/card.Same && c.ratio.High <= card.Same
}

func compareLengths(s section.Samples) []compared {
	var all []compared
	for _, v := range s.With("model", "process-pool") {
		length, err := time.ParseDuration(v.Get("length"))
		if err != nil || length <= 0 {
			continue
		}
		if r := s.Over(v.With("model", "process"), v, "ns/op"); r.N > 0 {
			all = append(all, compared{number.Spaced(v.Get("length")), length, r})
		}
	}
	slices.SortFunc(all, func(a, b compared) int { return int(a.length - b.length) })
	return all
}

func pooling(s section.Samples) section.Shown {
	all := compareLengths(s.Card(""))
	if len(all) == 0 {
		return section.Shown{}
	}
	line := section.Series{Name: "process-pool"}
	for _, c := range all {
		line.X, line.Y = append(line.X, c.length.Seconds()*1e3), append(line.Y, c.ratio)
	}
	return section.Shown{Finding: section.Sentence(crossing(s, all)), Figure: &section.Figure{
		Name:     "pool",
		Subtitle: fmt.Sprintf("Tasks per second of a process pool over those of a process for every task, %s (processes that take tasks), on {cores}", number.Plural(s.Cores, "worker")),
		X:        "length of a task, ms", Y: "process-pool over process, ratio", Level: "no difference",
		Whiskers: section.Whiskers, Note: "Dots: medians of the ratios in each round.",
		Curves: []section.Series{line},
	}}
}

// crossing tells between which measured lengths the difference falls under the
// margin.
func crossing(s section.Samples, lengths []compared) string {
	first, last := lengths[0], lengths[len(lengths)-1]
	text := s.Fold(first.ratio, "a process pool is %s as fast as a process per task at "+first.text)
	if len(lengths) == 1 {
		return text
	}
	margin := number.Percent(card.Same - 1)
	from := len(lengths) // from here on, all are the same
	for from > 0 && lengths[from-1].same() {
		from--
	}
	until := from - 1 // the last that differs
	for until >= 0 && !lengths[until].differs() {
		until--
	}
	switch {
	case from == len(lengths):
		still := "whether they are within " + margin + " there is open"
		if last.differs() {
			still = "they still differ by more than " + margin
		}
		return fmt.Sprintf("%s, %s; %s", text, s.Fold(last.ratio, "%s at "+last.text), still)
	case until < 0:
		return fmt.Sprintf("%s; from %s on they are within %s", text, lengths[from].text, margin)
	}
	return fmt.Sprintf("%s, %s; it comes within %s between %s and %s", text, s.Fold(last.ratio, "%s at "+last.text), margin, lengths[until].text, lengths[from].text)
}
