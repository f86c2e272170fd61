package advice

import "slices"

// Next are the numbers of workers to try in the next round, ascending; none if nothing is
// left to find out.
func Next(s Setting, trials []Trial) []int {
	v := look(s, trials)
	if len(v.workers) == 0 {
		return upTo(v.fits(), 1, 2, 4)
	}
	if v.fails(1) && len(v.rates[1]) > 1 {
		return nil
	}
	next := v.again()
	best := v.best()
	if best == 0 {
		return next
	}
	further := v.further(best)
	next = append(next, further...)
	next = append(next, v.larger(best, open)...)
	if w := v.smaller(best); w > 0 {
		next = append(next, w)
	}
	if len(next) == 0 && v.told(best) {
		return nil
	}
	next = append(next, best)
	if len(further) == 0 && !v.told(best) { // else the best is not known yet
		next = append(next, 1)
	}
	slices.Sort(next)
	return slices.Compact(upTo(v.fits(), next...))
}

func upTo(most int, all ...int) []int {
	return slices.DeleteFunc(all, func(w int) bool { return w > most || w < 1 })
}

// again are those that were tried once and failed.
func (v view) again() (all []int) {
	for _, w := range v.workers {
		if len(v.rates[w]) == 1 && v.failures(w) == 1 {
			all = append(all, w)
		}
	}
	return all
}

// further are numbers that were never tried, and may be better than the best so far.
func (v view) further(best int) (all []int) {
	at := slices.Index(v.workers, best)
	if top := v.workers[len(v.workers)-1]; best == top || v.rates.More(top, v.atMost(top/2)) {
		all = append(all, min(2*top, v.fits()))
	}
	if at+1 < len(v.workers) && apart(best, v.workers[at+1]) {
		all = append(all, (best+v.workers[at+1])/2)
	}
	if at > 0 {
		below := v.workers[at-1]
		grew := v.rates.Ratio(best, below).Median()
		// Where the best brings as many times more as it is larger, so does what lies between.
		if apart(below, best) && grew < straight*float64(best)/float64(below) {
			all = append(all, (below+best)/2)
		}
	}
	return slices.DeleteFunc(all, func(w int) bool { return w > v.fits() || slices.Contains(v.workers, w) })
}

// atMost is the largest number that was tried up to a limit.
func (v view) atMost(limit int) int {
	at, found := slices.BinarySearch(v.workers, limit)
	if !found {
		at--
	}
	return v.workers[max(0, at)]
}

// straight is from which share of the ideal on a growth is taken as ideal.
const straight = 0.97

// apart says that two numbers have one between them whose difference is of interest.
func apart(low, high int) bool { return high-low > 1 && 8*(high-low) > low }

// told says that the ratio to one worker is known well enough to be printed, or never will be.
func (v view) told(workers int) bool {
	s := v.rates.Ratio(workers, 1)
	i := s.Running()
	return workers == 1 || s.N() >= 2*patient || i.Known() && i.High <= i.Low*1.1
}
