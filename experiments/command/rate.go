package command

import (
	"cmp"
	"slices"
	"time"
)

// A Span is when a task ran.
type Span struct{ Began, Ended time.Duration }

// Rate is how many tasks are done in a second while all workers work. A task counts as done by
// the share of its time that lies in the window that is looked at, so that it matters little
// where the window cuts tasks.
//
// It begins when the first tasks of all workers have ended, because these began together, which
// later ones do not; and it ends when the last turn of all workers begins, so that no task in
// it ran while others had run out of tasks. Of so few tasks that this leaves less than half a
// turn the window is all the time until the last task began. One worker waits for nobody: all
// of its tasks count.
func Rate(spans []Span, begin time.Duration, workers int) float64 {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Compare(a.Began, b.Began) })
	n, last := len(spans), begin+1
	for _, s := range spans {
		last = max(last, s.Ended)
	}
	whole := float64(n) / (last - begin).Seconds()
	if workers == 1 || n < 2*workers {
		return whole
	}
	from := begin
	for _, s := range spans[:workers] {
		from = max(from, s.Ended)
	}
	to := spans[n-workers].Began
	if to-from < (last-begin)*time.Duration(workers)/time.Duration(2*n) {
		from, to = begin, spans[n-1].Began
	}
	done := 0.0
	for _, s := range spans {
		inside := min(s.Ended, to) - max(s.Began, from)
		if took := s.Ended - s.Began; inside > 0 && took > 0 {
			done += float64(inside) / float64(took)
		}
	}
	if to <= from || done == 0 {
		return whole
	}
	return done / (to - from).Seconds()
}
