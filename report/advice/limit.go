package advice

import (
	"fmt"
	"slices"

	"parcon/experiments/number"
	"parcon/report/contest"
)

// A Limit is why more workers bring no more.
type Limit struct {
	Name string `json:"name"`
	Why  string `json:"why"` // the figures that say so
}

// The names of limits.
const (
	CPU      = "CPU"
	Shared   = "what the cores share: memory bandwidth, caches, or a lock that spins"
	Disk     = "disk"
	Lock     = "the command's own lock, or what all of them ask"
	Memory   = "memory"
	Failures = "failures"
	Most     = "the number that was allowed, and more may bring more"
	NotKnown = "not known"
)

// From which figures on a limit is named.
const (
	dearer  = 1.2  // times the CPU time of a task alone
	stuck   = 0.3  // of the time somebody waits for a disk
	delayed = 0.15 // of a task's time it is ready and waits for a core
	crowded = 0.88 // of the cores are busy
)

// limit finds it where more workers were tried, or else where the advice is.
func (v view) limit(advised int) Limit {
	alive := v.alive()
	at := slices.Index(alive, advised)
	if at == len(alive)-1 {
		if dead := v.above(advised); dead.Workers > 0 {
			return Limit{Failures, dead.Why}
		}
		if p := v.point(advised); advised == v.enough {
			return Limit{CPU, fmt.Sprintf("%s of %s cores are busy with it, %s with other programs", number.Short(p.Busy), number.Short(v.Cores), number.Short(p.Others))}
		}
		if advised == v.fits() && advised < v.Most {
			return Limit{Memory, fmt.Sprintf("one takes up to %s, and %s may be used", number.Mebibytes(v.perWorker()), number.Mebibytes(v.Memory))}
		}
		if advised == v.Most && advised > 1 {
			return Limit{Most, fmt.Sprintf("%s of %s cores are busy", number.Short(v.point(advised).Busy), number.Short(v.Cores))}
		}
		if advised < v.fits() {
			return Limit{NotKnown, "more were not tried"}
		}
	}
	p := v.point(alive[min(at+1, len(alive)-1)])
	if one := v.point(1); one.CPU > 0 {
		for _, w := range alive {
			q := v.point(w)
			if w > 1 && float64(w) <= v.Cores && one.Busy > 0.5 && q.CPU > dearer*one.CPU {
				return Limit{Shared, fmt.Sprintf("beside %d others a task takes %s of its CPU time alone", w-1, number.Times(q.CPU/one.CPU))}
			}
		}
	}
	busy := fmt.Sprintf("%s of %s cores are busy", number.Short(p.Busy), number.Short(v.Cores))
	if p.Others > contest.Noticed {
		busy += fmt.Sprintf(" with it, %s with other programs", number.Short(p.Others))
	}
	switch whole := p.Busy + max(0, p.Others); {
	case p.IO > stuck && p.Busy < crowded*v.Cores:
		return Limit{Disk, fmt.Sprintf("%s of the time somebody waits for it; %s", number.Percent(p.IO), busy)}
	case whole > crowded*v.Cores, p.Delay > delayed && p.Busy > 0.5*v.Cores:
		return Limit{CPU, busy}
	case p.Workers > 1 && whole < 0.8*v.Cores && p.Delay < delayed:
		return Limit{Lock, "workers wait, and " + busy}
	}
	return Limit{NotKnown, busy}
}

// above is the smallest of the larger numbers if all of them fail, else one of no workers.
func (v view) above(advised int) Point {
	for _, w := range v.workers {
		if w > advised && v.fails(w) {
			return v.point(w)
		}
	}
	return Point{}
}
