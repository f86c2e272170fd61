// Package results reads and writes result files: what a run was, and every trial
// of it. It is all that those who measure and those who judge have in common.
//
// The published runs lie in the folders beside it.
package results

// A Result is one trial that was run.
type Result struct {
	Slot
	Values map[string]float64 // by unit; nil if it failed
	Failed string             // why, in one line; "" if it did not
	// Sitting counts how often the run was resumed before this trial: what was not
	// measured in one sitting was not measured side by side.
	Sitting int
}

// NextSitting is the number of the sitting that goes on after these trials.
func NextSitting(trials []Result) int {
	next := 0
	for _, r := range trials {
		next = max(next, r.Sitting+1)
	}
	return next
}

// A Slot is the place of a trial in a run.
type Slot struct {
	Experiment, Variant string
	Round, Position     int // from 0; Position counts within the round
	Of                  int // trials that the experiment has in this round; 0 if it is not told
}

// NoReason stands where a failure left none that can be written down, because
// a Result without a reason is not a failure.
const NoReason = "it failed and did not say why"

// A Setup is what holds for all of a run: keys in lower case, values in one
// line each.
type Setup []Entry

// An Entry is one line of a Setup.
type Entry struct{ Key, Value string }

// Get returns the value of a key, "" if there is none.
func (s Setup) Get(key string) string {
	for _, e := range s {
		if e.Key == key {
			return e.Value
		}
	}
	return ""
}
