package lane

import (
	"cmp"
	"slices"
	"time"
)

// Steps is how many moments a picture tells apart: about its pixels across.
const Steps = 1000

// Thin is the timeline without what is too narrow to be told apart at a resolution: a slice
// joins the one before of the same task and state if the gap between them is narrower, and
// is left out if it ends within that time after another on its lane, or lies on none and
// is narrower itself. At most two slices for each step of the resolution are left of a lane
// and a state.
//
// Lanes that hop faster than that overlap then: whoever wants to know what was to be seen
// before keeps the Facts in Whole.
func (t Timeline) Thin(resolution time.Duration) Timeline {
	type row struct {
		lane  string
		task  int // of tasks that hold no lane
		state State
	}
	all := slices.Clone(t.Slices)
	slices.SortStableFunc(all, func(a, b Slice) int { return cmp.Compare(a.Start, b.Start) })
	last := map[row]int{}
	t.Slices = nil
	for _, s := range all {
		at := row{lane: s.Lane, state: s.State}
		if s.Lane == "" {
			at.task = s.Task
		}
		i, there := last[at]
		switch {
		case there && s.Task == t.Slices[i].Task && s.Start-t.Slices[i].End < resolution:
			t.Slices[i].End, t.Slices[i].Last = max(s.End, t.Slices[i].End), s.Last
			t.Left++
		case there && s.End-t.Slices[i].End < resolution, s.Lane == "" && s.End-s.Start < resolution:
			t.Left++
		default:
			last[at] = len(t.Slices)
			t.Slices = append(t.Slices, s)
		}
	}
	return t
}
