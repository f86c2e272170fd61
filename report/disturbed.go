package report

import (
	"math"
	"slices"

	"parcon/report/stat"
)

// The rule that calls a trial disturbed, fixed before any of it was measured: so
// large a share of the machine's processor time, while the trial lived, was
// stolen by the hypervisor, or used by others, or the trial was held back by a
// quota for so large a share of its life. The system counts stolen and used time
// in steps of 10 ms on each core, and a trial may live for 15 ms only, so a single
// step says nothing: there must be two.
const (
	disturbedShare = 0.2
	leastStolen    = 20e6 // ns
)

// A cause is something that the system says happened around a trial, with how
// much of it there was beyond what the variant itself usually brings about.
type cause struct {
	name  string
	unit  string
	share func(t trial) float64 // of the trial's life
	rule  bool                  // it makes a trial a disturbed one
	steps bool                  // the system counts it in steps
}

// trial is one line of a series.
type trial struct {
	*series
	i     int
	cores float64
}

func (t trial) value(unit string) float64 { return t.at(t.unit(unit), t.i) }

func (t trial) ofMachine(ns float64) float64 { return ns / (t.value("life-ns") * t.cores) }

var causes = []cause{
	{"the hypervisor took processor time", "steal-ns", func(t trial) float64 { return t.ofMachine(t.value("steal-ns")) }, true, true},
	{"a CPU quota held it back", "throttled-ns", func(t trial) float64 { return t.value("throttled-ns") / t.value("life-ns") }, true, false},
	{"other programs were busy", "others-busy", func(t trial) float64 { return t.value("others-busy") / t.cores }, true, true},
	{"its threads waited for a core", "run-delay-ns", func(t trial) float64 { return t.ofMachine(t.value("run-delay-ns")) }, false, false},
	{"its threads lost their core before they gave it up", "involuntary-ctxsw/op", func(t trial) float64 {
		// Each time costs about a millisecond, the shortest slice of Linux's
		// scheduler on few cores.
		return t.value("involuntary-ctxsw/op") * 1e6 / t.value("ns/op")
	}, false, false},
	{"the cores ran at a lower frequency", "mhz", func(t trial) float64 { return -math.Log(t.value("mhz")) }, false, false},
	{"something on the machine waited for a core", "pressure-cpu-ns", func(t trial) float64 { return t.value("pressure-cpu-ns") / t.value("life-ns") }, false, false},
	{"something on the machine waited for a disk", "pressure-io-ns", func(t trial) float64 { return t.value("pressure-io-ns") / t.value("life-ns") }, false, false},
	{"something on the machine waited for memory", "pressure-memory-ns", func(t trial) float64 { return t.value("pressure-memory-ns") / t.value("life-ns") }, false, false},
}

// isDisturbed applies the rule.
func (t trial) isDisturbed() bool {
	return slices.ContainsFunc(causes, func(c cause) bool {
		share := c.share(t)
		return c.rule && share > disturbedShare && !(c.steps && share*t.value("life-ns")*t.cores < leastStolen)
	})
}

// An attribution is what one cause did to the trials of a run.
type attribution struct {
	cause    string
	trials   int           // that had much more of it than their variant usually has
	slowdown stat.Interval // of these over their variant's median
	told     int           // trials of which the system told it
}

// attribute tells for each cause which trials it hit and what that did. A trial
// is hit if its share is disturbedShare above the median of its variant, so that
// what a variant does to itself, as threads that wait for each other's cores, is
// no disturbance.
func attribute(t *Table, cores int) []attribution {
	all := make([]attribution, 0, len(causes))
	for _, c := range causes {
		a := attribution{cause: c.name}
		var slow []float64
		for _, name := range t.names {
			s := t.series[name]
			if s.values[s.unit(c.unit)] == nil {
				continue
			}
			shares := make([]float64, len(s.rounds))
			for i := range shares {
				shares[i] = c.share(trial{s, i, float64(cores)})
			}
			usual := middle(shares)
			wall := middle(s.values[s.unit("ns/op")])
			for i, share := range shares {
				if math.IsNaN(share) {
					continue
				}
				a.told++
				if share > usual+disturbedShare {
					a.trials++
					slow = append(slow, s.at(s.unit("ns/op"), i)/wall)
				}
			}
		}
		a.slowdown = stat.Once{Series: stat.SeriesOf(slow)}.Interval(stat.Level)
		if a.told > 0 {
			all = append(all, a)
		}
	}
	return all
}

// undisturbed is the table without the trials that the rule calls disturbed, as
// far as claims need it, and how many of those there are. Their pairs go with
// them.
func (t *Table) undisturbed(cores int) (*Table, int) {
	rest := NewTable(t.catalogue)
	units := t.catalogue.comparedUnits()
	rest.Setup, rest.names = t.Setup, t.names
	left := 0
	for _, name := range t.names {
		s := t.series[name]
		var kept []int
		for i := range s.rounds {
			if !(trial{s, i, float64(cores)}).isDisturbed() {
				kept = append(kept, i)
			}
		}
		left += len(s.rounds) - len(kept)
		rest.series[name] = s.only(kept, units)
	}
	if left == 0 {
		return t, 0
	}
	return rest, left
}

// only is a series of some of its trials, with these units.
func (s *series) only(trials []int, units []string) *series {
	if len(trials) == len(s.rounds) {
		return s
	}
	part := &series{units: s.units, rounds: make([]int32, len(trials)), values: make([][]float64, len(s.values))}
	for k, i := range trials {
		part.rounds[k] = s.rounds[i]
	}
	for _, unit := range units {
		u := s.unit(unit)
		if s.values[u] == nil {
			continue
		}
		part.values[u] = make([]float64, len(trials))
		for k, i := range trials {
			part.values[u][k] = s.values[u][i]
		}
	}
	return part
}
